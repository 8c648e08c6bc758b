// Work-groups whose work-items share the steps of their lanes.
//
// PoCL's workgroup compiler lets all work-items go the way that one of them takes at a branch that stands right
// behind a barrier (pocl/pocl issue 1977, here with version 3.1), and optimisers bring them together. A read that
// must not be left out keeps them apart.
#ifdef POCL_DEVICE_ADDRESS_BITS
#define LS_PREPARE_BARRIERS volatile int ls_apart = 0
#define LS_BARRIER(fence) do { barrier(fence); (void)ls_apart; } while (0)
#else
#define LS_PREPARE_BARRIERS
#define LS_BARRIER(fence) barrier(fence)
#endif
