// What depends on the step alone, the same for all lanes: a vector of lanes would compute it in each of its components
// at each step. Instead, the components are as many steps, once in that many steps.

#if LS_WIDTH > 1
static inline real ls_steps(int step) {
    real result;
    for (int place = 0; place < LS_WIDTH; ++place) ((real1 *)&result)[place] = (real1)(step + place);
    return result;
}
#define LS_KEEP_STEPS(value, array) LS_PASTE(vstore, LS_WIDTH)(value, 0, array)
#endif
