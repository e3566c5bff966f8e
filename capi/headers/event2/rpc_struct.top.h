/**
 * @file event2/rpc_struct.h
 *
 * How a call ended, and the inside of an RPC that is offered. A program that
 * includes this depends on the layout.
 */
