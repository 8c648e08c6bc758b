#include "level.h"

int lockstep_lanes_best_level(void) {
#if LOCKSTEP_LANES_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) return 1;
#endif
    return 0;
}

static const struct lockstep_lanes_level *table(int level) {
#if LOCKSTEP_LANES_X86
    if (level == 2) return &lockstep_lanes_level2;
    if (level == 1) return &lockstep_lanes_level1;
#endif
    (void)level;
    return &lockstep_lanes_level0;
}

#define NAME_OF(name) #name,
const char *lockstep_lanes_name(lockstep_lanes_operation operation) {
    static const char *const names[] = {LOCKSTEP_LANES_ALL(NAME_OF)};
    return operation < lockstep_lanes_operations ? names[operation] : NULL;
}
#undef NAME_OF

lockstep_lanes_loop lockstep_lanes_find(int level, lockstep_lanes_operation operation, lockstep_lanes_type type, int shape) {
    if (operation >= lockstep_lanes_operations || type >= lockstep_lanes_types || shape < 0 || shape > 7) return NULL;
    return table(level)->loops[operation][type][shape];
}

lockstep_lanes_gather lockstep_lanes_find_gather(int level, lockstep_lanes_type type, int is_shared) {
    return type >= lockstep_lanes_types ? NULL : table(level)->gathers[type][is_shared ? 1 : 0];
}

lockstep_lanes_products lockstep_lanes_find_products(int level, lockstep_lanes_type type) {
    return type > lockstep_lanes_double ? NULL : table(level)->products[type];
}

lockstep_lanes_draw lockstep_lanes_find_uniform(int level) { return table(level)->uniform; }
lockstep_lanes_draw lockstep_lanes_find_normal(int level) { return table(level)->normal; }
