// Whether an int of any lane is zero, as one number: so that the host need not read all of them to know whether to go on.
//
// It is compiled alone, without the other files, where the host cannot look into the device's memory itself.

__kernel void lockstep_has_zero(
    __global const int *values, const int count, const int element, const int width, const int places, __global int *found)
{
    int has = 0;
    for (size_t place = get_global_id(0); place < (size_t)places; place += get_global_size(0)) {
        if (values[(place / width * count + element) * width + place % width] == 0) has = 1;
    }
    if (has) atomic_or(found, 1);
}
