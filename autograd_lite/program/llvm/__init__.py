"""The back end that compiles a program to machine code with LLVM; it needs the extra `jit`."""
