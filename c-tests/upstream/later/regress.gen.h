/* regress.c includes this file and uses nothing of it; event_rpcgen.py makes the real one, with issue 3. */
