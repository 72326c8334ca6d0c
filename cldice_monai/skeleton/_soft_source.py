"""C source of the soft skeleton, compiled on first use where a compiler exists.

The functions are written once with REAL and SUFFIX, for float and double. All threads
of a call run the same function over their share of the planes and meet at a barrier once a level.
A row is contiguous, so that the compiler turns the inner loops into vector instructions, and a
plane is used again while it is in the cache. An image of two dimensions comes as planes of one
row.
"""

from cldice_monai.skeleton._soft_source_backward import BACKWARD

__all__ = ["c_source"]

_COMMON = r"""
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HIGHER(i, value) better = (value) > m; m = better ? (value) : m; at = better ? i : at;
#define LOWER(i, value) better = (value) < m; m = better ? (value) : m; at = better ? i : at;
#define CHOSEN(i, choice, values) (choice[x] == i ? values[x] : 0)

typedef struct { atomic_int waiting; atomic_int phase; atomic_int failed; } Barrier;
typedef struct { long d, h, w; } Shape;

static void meet(Barrier *b, int n_threads) {
    if (n_threads == 1) return;
    int phase = atomic_load(&b->phase);
    if (atomic_fetch_add(&b->waiting, 1) + 1 == n_threads) {
        atomic_store(&b->waiting, 0);
        atomic_store(&b->phase, phase + 1);
        return;
    }
    for (int spins = 0; atomic_load(&b->phase) == phase; spins++)
        if (spins > 1000) sched_yield();
}

/* Every thread says whether it has its memory; the answer is the same for all of them. */
static int all_have(Barrier *b, int n_threads, int mine) {
    if (!mine) atomic_store(&b->failed, 1);
    meet(b, n_threads);
    return !atomic_load(&b->failed);
}

static inline int inside(Shape s, long z, long y) {
    return z >= 0 && z < s.d && y >= 0 && y < s.h;
}

/* Rows of the box: own row first, so that it wins a tie, then faces, then edges. */
static const int BOX_Z[9] = {0, -1, 1, 0, 0, -1, -1, 1, 1};
static const int BOX_Y[9] = {0, 0, 0, -1, 1, -1, 1, -1, 1};
"""

_FORWARD = r"""
static inline REAL lower_SUFFIX(REAL a, REAL b) { return a < b ? a : b; }
static inline REAL upper_SUFFIX(REAL a, REAL b) { return a > b ? a : b; }

/* Rows of the cross: own, z-1, z+1, y-1, y+1; the own row where nothing is compared. */
static void cross_SUFFIX(const REAL *image, const REAL *zeros, Shape s, long z, long y, int axes,
                         int ignore, const REAL **rows) {
    rows[0] = image + (z * s.h + y) * s.w;
    for (int i = 1; i < 5; i++) {
        long nz = z + BOX_Z[i], ny = y + BOX_Y[i];
        if (!(axes >> (i < 3 ? 0 : 1) & 1)) rows[i] = rows[0];
        else if (inside(s, nz, ny)) rows[i] = image + (nz * s.h + ny) * s.w;
        else rows[i] = ignore ? rows[0] : zeros;
    }
}

static void erode_row_SUFFIX(const REAL **rows, REAL *restrict o, long w, int along, int ignore) {
    const REAL *restrict c = rows[0], *restrict n = rows[1], *restrict f = rows[2];
    const REAL *restrict u = rows[3], *restrict d = rows[4];
    long last = w - 1;
    for (long x = 0; x < w; x++)
        o[x] = lower_SUFFIX(c[x], lower_SUFFIX(lower_SUFFIX(n[x], f[x]),
                                               lower_SUFFIX(u[x], d[x])));
    if (!along) return;
    for (long x = 1; x < last; x++)
        o[x] = lower_SUFFIX(o[x], lower_SUFFIX(c[x - 1], c[x + 1]));
    if (last > 0) {
        o[0] = lower_SUFFIX(o[0], c[1]);
        o[last] = lower_SUFFIX(o[last], c[last - 1]);
    }
    if (!ignore) {
        o[0] = lower_SUFFIX(o[0], 0);
        o[last] = lower_SUFFIX(o[last], 0);
    }
}

static void erode_SUFFIX(const REAL *image, REAL *out, const REAL *zeros, Shape s, long z,
                         int axes, int ignore) {
    for (long y = 0; y < s.h; y++) {
        const REAL *rows[5];
        cross_SUFFIX(image, zeros, s, z, y, axes, ignore, rows);
        erode_row_SUFFIX(rows, out + (z * s.h + y) * s.w, s.w, axes & 4, ignore);
    }
}

/* Rows of the box that exist, others replaced by the own row. */
static void box_SUFFIX(const REAL *image, Shape s, long z, long y, const REAL **rows) {
    for (int i = 0; i < 9; i++) {
        long nz = z + BOX_Z[i], ny = y + BOX_Y[i];
        rows[i] = image + (inside(s, nz, ny) ? nz * s.h + ny : z * s.h + y) * s.w;
    }
}

/* t holds the maximum over the rows of the box, with a neutral value at t[-1] and t[w]. */
static void highest_SUFFIX(const REAL **rows, REAL *restrict t, long w) {
    const REAL *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2];
    const REAL *restrict d = rows[3], *restrict e = rows[4], *restrict f = rows[5];
    const REAL *restrict g = rows[6], *restrict h = rows[7], *restrict i = rows[8];
    for (long x = 0; x < w; x++) {
        REAL m = upper_SUFFIX(upper_SUFFIX(a[x], b[x]), upper_SUFFIX(c[x], d[x]));
        REAL n = upper_SUFFIX(upper_SUFFIX(e[x], f[x]), upper_SUFFIX(g[x], h[x]));
        t[x] = upper_SUFFIX(upper_SUFFIX(m, n), i[x]);
    }
    t[-1] = t[0];
    t[w] = t[w - 1];
}

/* Multiply the product by 1 minus what the opening takes away from one plane. */
static void collect_SUFFIX(const REAL *image, const REAL *eroded, REAL *product,
                           REAL *restrict t, Shape s, long z) {
    for (long y = 0; y < s.h; y++) {
        const REAL *rows[9];
        box_SUFFIX(eroded, s, z, y, rows);
        highest_SUFFIX(rows, t, s.w);
        const REAL *restrict im = image + (z * s.h + y) * s.w;
        REAL *restrict p = product + (z * s.h + y) * s.w;
        for (long x = 0; x < s.w; x++) {
            REAL opened = upper_SUFFIX(upper_SUFFIX(t[x - 1], t[x + 1]), t[x]);
            REAL residue = upper_SUFFIX(im[x] - opened, 0);
            p[x] -= p[x] * residue;
        }
    }
}

/* spare: a row of zeros and two images. */
void forward_SUFFIX(const REAL *x, REAL *skeleton, REAL *product, REAL *spare, const int *axes,
                    const long *sizes, const int *options, Barrier *barrier) {
    Shape s = {sizes[1], sizes[2], sizes[3]};
    int n_levels = options[0], core = options[1], ignore = options[2];
    int n_threads = options[3], thread = options[4];
    long plane = s.h * s.w, size = s.d * plane;
    long from = s.d * thread / n_threads, to = s.d * (thread + 1) / n_threads;
    REAL *row = malloc((s.w + 2) * sizeof(REAL)), *t = row + 1;
    int ready = all_have(barrier, n_threads, row != 0);
    for (long n = ready ? 0 : sizes[0]; n < sizes[0];
         n++, x += size, product += size, skeleton += size) {
        const REAL *image = x;
        for (long i = from * plane; i < to * plane; i++) product[i] = 1;
        for (int level = 0; level < n_levels; level++) {
            REAL *eroded = spare + s.w + (level & 1) * size;
            for (long z = from; z < to; z++) {
                erode_SUFFIX(image, eroded, spare, s, z, axes[level], ignore);
                if (z > from + 1) collect_SUFFIX(image, eroded, product, t, s, z - 1);
            }
            meet(barrier, n_threads);
            collect_SUFFIX(image, eroded, product, t, s, from);
            if (to - from > 1) collect_SUFFIX(image, eroded, product, t, s, to - 1);
            image = eroded;
        }
        for (long i = from * plane; i < to * plane; i++) {
            if (core) product[i] -= product[i] * image[i];
            skeleton[i] = 1 - product[i];
        }
        meet(barrier, n_threads);
    }
    free(row);
}
"""


def c_source(real: str, suffix: str) -> str:
    """Return the translation unit with ``forward_suffix`` and ``backward_suffix``.

    Args:
        real: the C type of a voxel, float or double.
        suffix: what its functions are called by.
    """
    typed = (_FORWARD + BACKWARD).replace("SUFFIX", suffix).replace("REAL", real)
    return _COMMON + typed
