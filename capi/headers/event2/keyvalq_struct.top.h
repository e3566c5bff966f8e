
/**
 * @file event2/keyvalq_struct.h
 *
 * Lists of names with values. The members are those that the TAILQ_ macros
 * of sys/queue.h expect; that header is neither needed nor disturbed.
 */
