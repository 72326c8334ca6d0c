"""C source of the soft skeleton's gradient.

Nothing is scattered: where an extreme was taken from is written down as one byte, and every voxel
asks its neighbours whether they took it from here. The three stages of a level follow one another
plane by plane, so that what passes between them is only ever a ring of four planes.
"""

__all__ = ["BACKWARD"]

BACKWARD = r"""
typedef struct {
    const REAL *gradient, *product, *zeros, *below;
    REAL *out;
    REAL *own, *columns, *above; /* rings */
    unsigned char *row_choice, *cross_choice; /* rings */
    REAL *t, *o; /* rows with one element before and one after */
    int *c;
} Work_SUFFIX;

static inline long ring_SUFFIX(Shape s, long z, long y) { return ((z & 3) * s.h + y) * s.w; }

/* dS/d residue is the product over all other levels. Residues and core sum to at most 1: where
   one of them is 1, every other is 0 and that product is 1. */
static inline REAL without_SUFFIX(REAL gradient, REAL product, REAL residue) {
    REAL factor = 1 - residue;
    return factor == 0 ? gradient : gradient * product / factor;
}

/* Which row of the box holds the maximum, for every column of it. */
static void columns_SUFFIX(const REAL **rows, REAL *restrict t, unsigned char *restrict choice,
                           long w) {
    const REAL *restrict r0 = rows[0], *restrict r1 = rows[1], *restrict r2 = rows[2];
    const REAL *restrict r3 = rows[3], *restrict r4 = rows[4], *restrict r5 = rows[5];
    const REAL *restrict r6 = rows[6], *restrict r7 = rows[7], *restrict r8 = rows[8];
    for (long x = 0; x < w; x++) {
        REAL m = r0[x];
        int at = 0, better;
        HIGHER(1, r1[x]) HIGHER(2, r2[x]) HIGHER(3, r3[x]) HIGHER(4, r4[x])
        HIGHER(5, r5[x]) HIGHER(6, r6[x]) HIGHER(7, r7[x]) HIGHER(8, r8[x])
        t[x] = m;
        choice[x] = at;
    }
    t[-1] = t[0];
    t[w] = t[w - 1];
}

/* Gradient of a plane's residues, sent along the row to the column of their maximum. */
static void residues_SUFFIX(const REAL *image, const REAL *eroded, Work_SUFFIX *k, Shape s,
                            long z) {
    long w = s.w;
    REAL *restrict t = k->t, *restrict o = k->o;
    int *restrict c = k->c;
    o[-1] = o[w] = c[-1] = c[w] = 0;
    for (long y = 0; y < s.h; y++) {
        const REAL *rows[9];
        long at_row = (z * s.h + y) * w, to_row = ring_SUFFIX(s, z, y);
        box_SUFFIX(eroded, s, z, y, rows);
        columns_SUFFIX(rows, t, k->row_choice + to_row, w);
        const REAL *restrict im = image + at_row, *restrict g = k->gradient + at_row;
        const REAL *restrict p = k->product + at_row;
        REAL *restrict own = k->own + to_row, *restrict col = k->columns + to_row;
        for (long x = 0; x < w; x++) {
            REAL m = t[x];
            int at = 0, better;
            HIGHER(-1, t[x - 1]) HIGHER(1, t[x + 1])
            REAL residue = im[x] - m, value = without_SUFFIX(g[x], p[x], residue);
            o[x] = residue > 0 ? value : 0;
            c[x] = at;
        }
        for (long x = 0; x < w; x++) {
            REAL left = c[x - 1] == 1 ? o[x - 1] : 0, right = c[x + 1] == -1 ? o[x + 1] : 0;
            col[x] = (c[x] == 0 ? o[x] : 0) + left + right;
            own[x] = o[x];
        }
    }
}

/* Gradient of a row of the eroded image: what its own level takes is subtracted. */
static void gather_box_SUFFIX(Work_SUFFIX *k, Shape s, long z, long y) {
    const REAL *cols[9];
    const unsigned char *choices[9];
    for (int i = 0; i < 9; i++) {
        long nz = z - BOX_Z[i], ny = y - BOX_Y[i];
        int there = inside(s, nz, ny);
        cols[i] = there ? k->columns + ring_SUFFIX(s, nz, ny) : k->zeros;
        choices[i] = k->row_choice + (there ? ring_SUFFIX(s, nz, ny) : ring_SUFFIX(s, z, y));
    }
    const REAL *restrict r0 = cols[0], *restrict r1 = cols[1], *restrict r2 = cols[2];
    const REAL *restrict r3 = cols[3], *restrict r4 = cols[4], *restrict r5 = cols[5];
    const REAL *restrict r6 = cols[6], *restrict r7 = cols[7], *restrict r8 = cols[8];
    const unsigned char *restrict c0 = choices[0], *restrict c1 = choices[1];
    const unsigned char *restrict c2 = choices[2], *restrict c3 = choices[3];
    const unsigned char *restrict c4 = choices[4], *restrict c5 = choices[5];
    const unsigned char *restrict c6 = choices[6], *restrict c7 = choices[7];
    const unsigned char *restrict c8 = choices[8];
    const REAL *restrict below = k->below + (z * s.h + y) * s.w;
    REAL *restrict above = k->above + ring_SUFFIX(s, z, y);
    for (long x = 0; x < s.w; x++)
        above[x] = below[x] - (CHOSEN(0, c0, r0) + CHOSEN(1, c1, r1) + CHOSEN(2, c2, r2)
                               + CHOSEN(3, c3, r3) + CHOSEN(4, c4, r4) + CHOSEN(5, c5, r5)
                               + CHOSEN(6, c6, r6) + CHOSEN(7, c7, r7) + CHOSEN(8, c8, r8));
}

/* Which voxel of the cross each minimum of a row came from. */
static void choose_cross_SUFFIX(const REAL *image, Work_SUFFIX *k, Shape s, long z, long y,
                                int axes, int ignore) {
    long w = s.w;
    const REAL *rows[5];
    cross_SUFFIX(image, k->zeros, s, z, y, axes, ignore, rows);
    REAL *restrict t = k->t;
    memcpy(t, rows[0], w * sizeof(REAL));
    t[-1] = ignore ? t[0] : 0;
    t[w] = ignore ? t[w - 1] : 0;
    const REAL *restrict r1 = rows[1], *restrict r2 = rows[2];
    const REAL *restrict r3 = rows[3], *restrict r4 = rows[4];
    unsigned char *restrict choice = k->cross_choice + ring_SUFFIX(s, z, y);
    for (long x = 0; x < w; x++) {
        REAL m = t[x];
        int at = 0, better;
        LOWER(1, r1[x]) LOWER(2, r2[x]) LOWER(3, r3[x]) LOWER(4, r4[x])
        if (axes & 4) { LOWER(5, t[x - 1]) LOWER(6, t[x + 1]) }
        choice[x] = at;
    }
}

/* Gradient of a row of the image before the erosion. */
static void gather_cross_SUFFIX(Work_SUFFIX *k, Shape s, long z, long y) {
    long w = s.w;
    REAL *restrict t = k->t;
    int *restrict c = k->c;
    const REAL *aboves[5];
    const unsigned char *choices[5];
    for (int i = 0; i < 5; i++) {
        long nz = z - BOX_Z[i], ny = y - BOX_Y[i];
        int there = inside(s, nz, ny);
        aboves[i] = there ? k->above + ring_SUFFIX(s, nz, ny) : k->zeros;
        choices[i] = k->cross_choice + (there ? ring_SUFFIX(s, nz, ny) : ring_SUFFIX(s, z, y));
    }
    const REAL *restrict r0 = aboves[0], *restrict r1 = aboves[1], *restrict r2 = aboves[2];
    const REAL *restrict r3 = aboves[3], *restrict r4 = aboves[4];
    const unsigned char *restrict c0 = choices[0], *restrict c1 = choices[1];
    const unsigned char *restrict c2 = choices[2], *restrict c3 = choices[3];
    const unsigned char *restrict c4 = choices[4];
    const REAL *restrict own = k->own + ring_SUFFIX(s, z, y);
    REAL *restrict out = k->out + (z * s.h + y) * w;
    t[-1] = t[w] = c[-1] = c[w] = 0;
    for (long x = 0; x < w; x++) {
        t[x] = r0[x];
        c[x] = c0[x];
    }
    for (long x = 0; x < w; x++)
        out[x] = own[x] + CHOSEN(0, c, t) + CHOSEN(1, c1, r1) + CHOSEN(2, c2, r2)
                 + CHOSEN(3, c3, r3) + CHOSEN(4, c4, r4) + (c[x + 1] == 5 ? t[x + 1] : 0)
                 + (c[x - 1] == 6 ? t[x - 1] : 0);
}

/* One level for the planes from..to; two planes on either side are computed by both threads. */
static void level_SUFFIX(const REAL *image, const REAL *eroded, Work_SUFFIX *k, Shape s, long from,
                         long to, int axes, int ignore) {
    for (long z = from - 2; z < to + 2; z++) {
        if (z >= 0 && z < s.d) residues_SUFFIX(image, eroded, k, s, z);
        if (z > from - 1 && z > 0 && z - 1 < s.d)
            for (long y = 0; y < s.h; y++) {
                gather_box_SUFFIX(k, s, z - 1, y);
                choose_cross_SUFFIX(image, k, s, z - 1, y, axes, ignore);
            }
        if (z - 2 >= from && z - 2 < to)
            for (long y = 0; y < s.h; y++) gather_cross_SUFFIX(k, s, z - 2, y);
    }
}

/* spare: a row of zeros, one image, then the erosions that are kept: every step-th, and those of
   one step. The others are computed again. */
void backward_SUFFIX(const REAL *gradient, const REAL *x, const REAL *product, REAL *out,
                     REAL *spare, const int *axes, const long *sizes, const int *options,
                     Barrier *barrier) {
    Shape s = {sizes[1], sizes[2], sizes[3]};
    int n_levels = options[0], core = options[1], ignore = options[2];
    int n_threads = options[3], thread = options[4], step = options[5];
    long plane = s.h * s.w, size = s.d * plane;
    long from = s.d * thread / n_threads, to = s.d * (thread + 1) / n_threads;
    REAL *reals = malloc((12 * plane + 2 * (s.w + 2)) * sizeof(REAL));
    int *ints = malloc((s.w + 2) * sizeof(int));
    unsigned char *bytes = malloc(8 * plane);
    const REAL **images = malloc((n_levels + 1) * sizeof(REAL *));
    int ready = all_have(barrier, n_threads, reals && ints && bytes && images);
    REAL *t = reals + 12 * plane + 1, *kept = spare + s.w + size;
    REAL *run = kept + (long)(n_levels / step) * size;
    for (long n = ready ? 0 : sizes[0]; n < sizes[0];
         n++, x += size, gradient += size, product += size, out += size) {
        REAL *sides[2] = {out, spare + s.w};
        Work_SUFFIX k = {gradient, product, spare, 0, 0, reals, reals + 4 * plane,
                         reals + 8 * plane, bytes, bytes + 4 * plane, t, t + s.w + 2, ints + 1};
        images[0] = x;
        for (int level = 0; level < n_levels; level++) {
            REAL *eroded = (level + 1) % step == 0 ? kept + ((level + 1) / step - 1) * size
                                                   : run + level % step * size;
            for (long z = from; z < to; z++)
                erode_SUFFIX(images[level], eroded, spare, s, z, axes[level], ignore);
            images[level + 1] = eroded;
            meet(barrier, n_threads);
        }
        const REAL *last = images[n_levels];
        REAL *first = sides[n_levels & 1];
        for (long i = from * plane; i < to * plane; i++)
            first[i] = core ? without_SUFFIX(gradient[i], product[i], last[i]) : 0;
        meet(barrier, n_threads);
        for (int level = n_levels - 1, filled = n_levels / step; level >= 0; level--) {
            for (int j = level / step * step; level / step < filled && j < level; j++) {
                REAL *again = run + j % step * size;
                for (long z = from; z < to; z++)
                    erode_SUFFIX(images[j], again, spare, s, z, axes[j], ignore);
                images[j + 1] = again;
                meet(barrier, n_threads);
            }
            if (level / step < filled) filled = level / step;
            k.below = sides[(level + 1) & 1];
            k.out = sides[level & 1];
            level_SUFFIX(images[level], images[level + 1], &k, s, from, to, axes[level], ignore);
            meet(barrier, n_threads);
        }
    }
    free(reals);
    free(ints);
    free(bytes);
    free(images);
}
"""
