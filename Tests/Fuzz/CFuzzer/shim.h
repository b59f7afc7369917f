// libFuzzer as a library: LLVM's compiler-rt has no header for it.
#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer with the arguments of a command line.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
