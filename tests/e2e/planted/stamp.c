const char *stamp(void) { return "built at " __TIME__; }
