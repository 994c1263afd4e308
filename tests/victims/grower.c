// grower: arrays that grow by realloc(3) like a program's vectors, half of them with MADV_HUGEPAGE. A large one has its own
// mapping, which mremap(2) moves when it can't grow in place; a full one is freed, and its addresses are soon reused.
#include "chain.h"

enum { ARRAYS = 6, MOST = 3 << 17 }; // elements; 3 MiB
struct array { uint64_t *of, name; size_t length, room; };
static struct array array[ARRAYS];
static uint64_t names;

static uint64_t element(const struct array *a, size_t i) { return a->name * 0x9E3779B97F4A7C15ull ^ i * 0xD1B54A32D192ED03ull; }

static void append(struct array *a, size_t count)
{
    if (a->length + count > MOST) {
        free(a->of);
        *a = (struct array){ .name = ++names };
    }
    if (a->length + count > a->room) {
        a->room = (a->length + count) * 3 / 2;
        if (!(a->of = realloc(a->of, a->room * sizeof *a->of)))
            die("realloc");
        uintptr_t first = ((uintptr_t)a->of + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
        if (a->name % 2 && a->room * sizeof *a->of > 64 * PAGE)
            madvise((void *)first, a->room * sizeof *a->of - PAGE, MADV_HUGEPAGE);
    }
    for (; count > 0; count--, a->length++)
        a->of[a->length] = element(a, a->length);
}

static void check(const struct array *a, size_t every)
{
    for (size_t i = 0; i < a->length; i += every)
        if (a->of[i] != element(a, i)) {
            say("BAD element %zu of %zu of array %llu at %p", i, a->length, (unsigned long long)a->name, (void *)&a->of[i]);
            victim_bad = 1;
            return;
        }
}

int main(void)
{
    for (int n = 0; n < ARRAYS; n++) {
        array[n].name = ++names;
        append(&array[n], MOST / (n + 2));
    }
    victim_ready();
    long at = 0;
    do {
        append(&array[at++ % ARRAYS], 3000);
        check(&array[at % ARRAYS], 3);
        if (victim_step()) {
            for (int n = 0; n < ARRAYS; n++)
                append(&array[n], MOST / 4 + n);
            victim_stepped();
        }
    } while (victim_round(50));
    for (int n = 0; n < ARRAYS; n++)
        check(&array[n], 1);
    return victim_verdict();
}
