#include "CLanes.h"

ptrdiff_t lockstep_lanes_run(const lockstep_lanes_machine *machine, ptrdiff_t next) {
    const lockstep_lanes_instruction *const first = machine->instructions, *const end = first + machine->count;
    void **const registers = machine->registers;
    void *const *const buffers = machine->buffers;
    ptrdiff_t *const variables = machine->variables;
    for (const lockstep_lanes_instruction *i = first + next; i < end; ++i) {
        switch (i->kind) {
        case lockstep_lanes_run_loop:
            i->loop(registers[i->result], registers[i->a], registers[i->b], registers[i->c], i->count);
            break;
        case lockstep_lanes_point_variables:
            registers[i->result] = (char *)buffers[i->a] + (i->x + i->y * variables[i->b] + i->z * variables[i->c]);
            break;
        case lockstep_lanes_point_register: {
            ptrdiff_t element = i->x + i->y * *(const int32_t *)registers[i->b];
            element = element < 0 ? 0 : element > i->z ? i->z : element;
            registers[i->result] = (char *)buffers[i->a] + element * i->count;
            break;
        }
        case lockstep_lanes_enter:
            variables[i->a] = 0;
            break;
        case lockstep_lanes_enter_window:
            variables[i->a] = *(const int32_t *)registers[i->b];
            if (variables[i->a] >= *(const int32_t *)registers[i->c]) i = first + i->x - 1;
            break;
        case lockstep_lanes_gate: {
            ptrdiff_t done = variables[i->a] + 1;
            if (done != i->z && done % i->y != 0) i = first + i->x - 1;
            break;
        }
        case lockstep_lanes_gate_in_window: {
            ptrdiff_t done = variables[i->a] + 1;
            if (done != *(const int32_t *)registers[i->c] && done % i->y != 0) i = first + i->x - 1;
            break;
        }
        case lockstep_lanes_again:
            if (++variables[i->a] < i->z) i = first + i->x - 1;
            break;
        case lockstep_lanes_again_in_window:
            if (++variables[i->a] < *(const int32_t *)registers[i->c]) i = first + i->x - 1;
            break;
        case lockstep_lanes_leave: {
            const int32_t *mask = registers[i->a];
            int32_t any = 0;
            for (ptrdiff_t lane = 0; lane < i->count; ++lane) any |= mask[lane];
            if (!any) i = first + i->x - 1;
            break;
        }
        case lockstep_lanes_greatest: {
            const int32_t *values = registers[i->a];
            int32_t greatest = values[0];
            for (ptrdiff_t lane = 1; lane < i->count; ++lane) greatest = values[lane] > greatest ? values[lane] : greatest;
            *(int32_t *)registers[i->result] = greatest;
            break;
        }
        case lockstep_lanes_add_products:
            machine->add_products(machine->products + i->y, i->z, i->x, registers, i->count);
            break;
        case lockstep_lanes_return:
            return i - first;
        }
    }
    return machine->count;
}
