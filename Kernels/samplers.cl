// Samplers by rejection. Attempt t (0, 1, 2, ...) of a draw is one call of ls_philox with the counters
//   c0, c1, c2 | ((t + 1) << 20), c3 = element,
// so that c2 must stay below 2^20. Attempts end at LS_ATTEMPTS. The vector goes on while any lane is undecided, but a
// decided lane never changes: no lane depends on another.

#define LS_ATTEMPTS 64

#if LS_DOUBLE
#define LS_SMALLEST_NORMAL LS_R(2.2250738585072014e-308)
#else
#define LS_SMALLEST_NORMAL LS_R(1.17549435e-38)
#endif

// Gamma(alpha, 1) by Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
//
//   a = alpha, or alpha + 1 where alpha < 1;  d = a - 1/3;  c = 1 / sqrt(9 d)
//   attempt: z = the first normal of words (0, 1), u = uniform of word 2, v = (1 + c z)^3
//   accept when v > 0 and log(u) < z^2 / 2 + d - d v + d log(v);  the draw is d v
//   alpha < 1: times U^(1 / alpha) with U the uniform of word 3 of attempt 0, taken as
//   exp(log(d v) + log(U) / alpha) and never below the smallest normal number, so that its log is finite
//
// d after LS_ATTEMPTS refusals (each has a chance below 0.05). NaN unless 0 < alpha < inf.
static inline real ls_gamma(bits k0, bits k1, bits c0, bits c1, bits c2, bits element, real alpha) {
    mask valid = ls_and(alpha > LS_R(0.0), alpha < LS_INFINITY);
    mask boosted = alpha < LS_R(1.0);
    real d = (boosted ? alpha + LS_R(1.0) : alpha) - LS_R(0.333333333333333333);
    real c = LS_R(0.333333333333333333) / sqrt(d);
    real result = d, boost = LS_R(0.5);
    mask open = valid;
    for (uint t = 0; t < LS_ATTEMPTS && ls_any(open); ++t) {
        bits w0, w1, w2, w3;
        ls_philox(k0, k1, c0, c1, c2 | ((bits)(t + 1) << 20), element, &w0, &w1, &w2, &w3);
        if (t == 0) boost = ls_uniform_from_bits(w3);
        real z, unused;
        ls_box_muller(w0, w1, &z, &unused);
        real u = ls_uniform_from_bits(w2);
        real root = fma(c, z, LS_R(1.0));
        real v = root * root * root;
        real bound = LS_R(0.5) * z * z + d * (LS_R(1.0) - v + ls_log(v));  // NaN, so refused, for v < 0
        mask accept = ls_and(open, ls_and(v > LS_R(0.0), ls_log_of_normal(u) < bound));
        result = accept ? d * v : result;
        open = ls_and(open, ls_not(accept));
    }
    if (ls_any(boosted)) {
        real scaled = ls_exp(ls_log(result) + ls_log_of_normal(boost) / alpha);
        result = boosted ? scaled : result;
    }
    result = result < LS_SMALLEST_NORMAL ? LS_SMALLEST_NORMAL : result;
    return valid ? result : LS_NAN;
}

// Poisson below LS_POISSON_LARGE, by sequential search from 0: u = uniform of word 0 of attempt 0; the least k with
// u <= F(k), where F sums p_0 = exp(-rate), p_k = p_(k-1) rate / k. Ends as well when k > rate and F stops growing,
// for rounding may keep F below u for ever.
#define LS_POISSON_LARGE LS_R(10.0)

static inline real ls_poisson_search(bits w0, real rate, mask lanes) {
    real u = ls_uniform_from_bits(w0);
    real k = LS_R(0.0), p = ls_exp(-rate), f = p;
    mask open = ls_and(lanes, f < u);
    for (int i = 0; i < 128 && ls_any(open); ++i) {
        real next_k = k + LS_R(1.0);
        real next_p = p * (rate / next_k);
        real next_f = f + next_p;
        open = ls_and(open, ls_not(ls_and(next_f == f, next_k > rate)));
        k = open ? next_k : k;
        p = next_p;
        f = next_f;
        open = ls_and(open, f < u);
    }
    return k;
}

// log of the Poisson probability of k >= 1 by Loader's saddle-point form, "Fast and accurate computation of binomial
// probabilities" (2000): -D(k, rate) - stirling_error(k) - log(2 pi k) / 2. The plain formula cancels its leading
// digits. D = k log(k / rate) + rate - k; for |k - rate| < (k + rate) / 10, with v = (k - rate) / (k + rate),
// D = (k - rate) v + 2 k v (v^2 / 3 + v^4 / 5 + ...), here to v^10 / 11 (float) or v^18 / 19 (double).
// Below k = 4: k log(rate) - rate - lgamma(k + 1).
static inline real ls_poisson_log_probability(real k, real rate) {
    real difference = k - rate;
    real v = difference / (k + rate), z = v * v;
#if LS_DOUBLE
    real series = LS_R(0.0526315789473684211);
    series = fma(z, series, LS_R(0.0588235294117647059));
    series = fma(z, series, LS_R(0.0666666666666666667));
    series = fma(z, series, LS_R(0.0769230769230769231));
    series = fma(z, series, LS_R(0.0909090909090909091));
#else
    real series = LS_R(0.0909090909090909091);
#endif
    series = fma(z, series, LS_R(0.111111111111111111));
    series = fma(z, series, LS_R(0.142857142857142857));
    series = fma(z, series, LS_R(0.2));
    series = fma(z, series, LS_R(0.333333333333333333));
    real near = fma(difference, v, LS_R(2.0) * k * v * (z * series));
    real far = k * ls_log(k / rate) - difference;
    real deviance = fabs(v) < LS_R(0.1) ? near : far;
    real inverse = LS_R(1.0) / k;
    real error = inverse * ls_stirling(inverse * inverse);
    real saddle = -deviance - error - LS_R(0.5) * ls_log(LS_R(6.28318530717958648) * k);
    real factorial = k < LS_R(2.0) ? LS_R(0.0)
        : (k < LS_R(3.0) ? LS_R(0.693147180559945309) : LS_R(1.79175946922805500));
    real plain = k * ls_log(rate) - rate - factorial;
    return k < LS_R(4.0) ? plain : saddle;
}

// Poisson(rate), a whole number in real. Below LS_POISSON_LARGE by the search above; else by transformed rejection,
// PTRS of Hoermann, "The transformed rejection method for generating Poisson random variables" (1993):
//
//   b = 0.931 + 2.53 sqrt(rate);  a = -0.059 + 0.02483 b;  1/alpha = 1.1239 + 1.1328 / (b - 3.4)
//   v_r = 0.9277 - 3.6224 / (b - 2)
//   attempt: U = uniform of word 0, less 1/2; V = uniform of word 1; us = 1/2 - |U|
//   k = floor((2 a / us + b) U + rate + 0.43)
//   accept when us >= 0.07 and V <= v_r; else refuse when k < 0, or us < 0.013 and V > us;
//   else accept when log(V / alpha / (a / us^2 + b)) <= log probability of k
//
// floor(rate) after LS_ATTEMPTS refusals. NaN unless 0 <= rate < inf.
static inline real ls_poisson(bits k0, bits k1, bits c0, bits c1, bits c2, bits element, real rate) {
    mask valid = ls_and(rate >= LS_R(0.0), rate < LS_INFINITY);
    mask small = ls_and(valid, rate < LS_POISSON_LARGE);
    mask open = ls_and(valid, ls_not(small));
    real lambda = open ? rate : LS_POISSON_LARGE;  // keeps the lanes of the search inside the method's domain
    real b = fma(LS_R(2.53), sqrt(lambda), LS_R(0.931));
    real a = fma(LS_R(0.02483), b, LS_R(-0.059));
    real inverse_alpha = LS_R(1.1239) + LS_R(1.1328) / (b - LS_R(3.4));
    real v_r = LS_R(0.9277) - LS_R(3.6224) / (b - LS_R(2.0));
    real result = floor(lambda);

    bits w0, w1, w2, w3;
    ls_philox(k0, k1, c0, c1, c2 | ((bits)(1u) << 20), element, &w0, &w1, &w2, &w3);
    if (ls_any(small)) result = small ? ls_poisson_search(w0, rate, small) : result;
    for (uint t = 0; t < LS_ATTEMPTS && ls_any(open); ++t) {
        if (t > 0) ls_philox(k0, k1, c0, c1, c2 | ((bits)(t + 1) << 20), element, &w0, &w1, &w2, &w3);
        real u = ls_uniform_from_bits(w0) - LS_R(0.5);
        real v = ls_uniform_from_bits(w1);
        real us = LS_R(0.5) - fabs(u);
        real k = floor(fma(LS_R(2.0) * a / us + b, u, lambda + LS_R(0.43)));
        mask inside = ls_and(us >= LS_R(0.07), v <= v_r);
        mask outside = ls_or(k < LS_R(0.0), ls_and(us < LS_R(0.013), v > us));
        real left = ls_log(v * inverse_alpha / (a / (us * us) + b));
        // log p(0) = -rate, and the formula itself needs k >= 1
        real right = k < LS_R(1.0) ? -lambda : ls_poisson_log_probability(k < LS_R(1.0) ? LS_R(1.0) : k, lambda);
        mask accept = ls_and(open, ls_or(inside, ls_and(ls_not(outside), left <= right)));
        result = accept ? k : result;
        open = ls_and(open, ls_not(accept));
    }
    return valid ? result : LS_NAN;
}
