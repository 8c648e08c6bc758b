// Special functions over `real`. The standard leaves the accuracy of float lgamma open, and has no digamma, zeta or
// inverse error function, so all of them are here, and are the same on every driver.
//
// Coefficients are rational or polynomial interpolants at Chebyshev nodes of the interval named beside them; the
// relative error of each is below 2^-25 in float and 2^-56 in double, so that rounding dominates.
//
// Largest errors in ulps of the result, for the tests to hold:
//
//   function            float   double
//   lgamma                  5        8    x < 0: in units of the last place of max(1, |value|),
//   digamma                 5       10           as both cancel near their zeros there
//   zeta, 1 < s <= 10       6       10
//   erf                     3        4
//   erfc                    6        6
//   erfinv                  4        4

// lgamma(x) = (x - 1)(x - 2) R(x) on [1, 3.5]: the factors are exact, so that the zeros at 1 and 2 cost nothing.
// R = P / Q in powers of x - 1: nearly all coefficients are positive, so that the sums do not cancel.
static inline real ls_lgamma_middle(real x_minus_1, real x_minus_2) {
#if LS_DOUBLE
    real p = fma(x_minus_1, LS_R(-2.69254406264352338e-9), LS_R(5.58895180196526787e-7));
    p = fma(x_minus_1, p, LS_R(0.000198531445464579478));
    p = fma(x_minus_1, p, LS_R(0.00693175353064534166));
    p = fma(x_minus_1, p, LS_R(0.0856886651813520488));
    p = fma(x_minus_1, p, LS_R(0.492333641507582149));
    p = fma(x_minus_1, p, LS_R(1.46432427662108196));
    p = fma(x_minus_1, p, LS_R(2.31519000758427866));
    p = fma(x_minus_1, p, LS_R(1.84056627484595968));
    p = fma(x_minus_1, p, LS_R(0.577215664901532856));
    real q = fma(x_minus_1, LS_R(5.19175863617853645e-5), LS_R(0.00280260019450749727));
    q = fma(x_minus_1, q, LS_R(0.0494073349067466232));
    q = fma(x_minus_1, q, LS_R(0.399171782033556647));
    q = fma(x_minus_1, q, LS_R(1.69484431644283145));
    q = fma(x_minus_1, q, LS_R(4.00543209132654341));
    q = fma(x_minus_1, q, LS_R(5.27704374261419285));
    q = fma(x_minus_1, q, LS_R(3.61358461005100796));
    q = fma(x_minus_1, q, LS_R(1.0));
#else
    real p = fma(x_minus_1, LS_R(-8.4559224e-6), LS_R(0.000608100323));
    p = fma(x_minus_1, p, LS_R(0.0486086123));
    p = fma(x_minus_1, p, LS_R(0.385981381));
    p = fma(x_minus_1, p, LS_R(0.874692798));
    p = fma(x_minus_1, p, LS_R(0.577215672));
    real q = fma(x_minus_1, LS_R(0.0182532519), LS_R(0.281193733));
    q = fma(x_minus_1, q, LS_R(1.22380102));
    q = fma(x_minus_1, q, LS_R(1.94025242));
    q = fma(x_minus_1, q, LS_R(1.0));
#endif
    return x_minus_1 * x_minus_2 * (p / q);
}

// x times the error of Stirling's formula, a function of z = 1 / x^2 (Abramowitz and Stegun, 6.1.42), for x >= 3.5.
static inline real ls_stirling(real z) {
#if LS_DOUBLE
    real p = fma(z, LS_R(-0.00565992561514888736), LS_R(0.50227131493686188));
    p = fma(z, p, LS_R(2.85713530158677533));
    p = fma(z, p, LS_R(3.14547621439515735));
    p = fma(z, p, LS_R(0.991729931365209819));
    p = fma(z, p, LS_R(0.0833333333333333328));
    real q = fma(z, LS_R(6.92089221336442975), LS_R(35.4502415793936599));
    q = fma(z, q, LS_R(38.1339938468818643));
    q = fma(z, q, LS_R(11.9340925097158355));
    q = fma(z, q, LS_R(1.0));
    return p / q;
#else
    real p = fma(z, LS_R(0.000728794956), LS_R(-0.00277585769));
    p = fma(z, p, LS_R(0.0833333284));
    return p;
#endif
}

static inline real ls_lgamma_positive(real x) {
    real log_x = ls_log(x);
    mask low = x < LS_R(1.0);
    real middle = ls_lgamma_middle(low ? x : x - LS_R(1.0), low ? x - LS_R(1.0) : x - LS_R(2.0));
    middle = low ? middle - log_x : middle;  // lgamma(x) = lgamma(1 + x) - log(x)
    real inverse = LS_R(1.0) / x;
    real correction = inverse * ls_stirling(inverse * inverse);
    // (x - 1/2) log(x) - x + log(2 pi) / 2, regrouped to cancel less
    real high = fma(x - LS_R(0.5), log_x - LS_R(1.0), correction + LS_R(0.418938533204672742));
    return x < LS_R(3.5) ? middle : high;
}

// The signed distance to the nearest integer, exact.
static inline real ls_off_integer(real x) { return x - rint(x); }

// log |Gamma(x)|; +inf at the poles. Below 0 by reflection: Gamma(-a) Gamma(a) = -pi / (a sin(pi a)).
static inline real ls_lgamma(real x) {
    real a = fabs(x);
    real result = ls_lgamma_positive(a);
    mask negative = x < LS_R(0.0);
    if (ls_any(negative)) {
        real sine = fabs(ls_sin(ls_off_integer(a) * LS_R(3.14159265358979324)));
        real reflected = -ls_log(a) - ls_log(sine * LS_R(0.318309886183790672)) - result;
        reflected = a == LS_INFINITY ? LS_INFINITY : reflected;
        result = negative ? reflected : result;
    }
    return result;
}

// digamma(x) = (x - x0) R(x) on [1, 3.5], x0 in two parts.
static inline real ls_digamma_middle(real x) {
    real y = x - LS_R(1.0);
#if LS_DOUBLE
    real p = fma(y, LS_R(3.3259255224610326e-8), LS_R(3.40085168073891857e-5));
    p = fma(y, p, LS_R(0.00203423894592402122));
    p = fma(y, p, LS_R(0.0381010855078271998));
    p = fma(y, p, LS_R(0.305050511595533143));
    p = fma(y, p, LS_R(1.15118587160578057));
    p = fma(y, p, LS_R(1.9921920713233309));
    p = fma(y, p, LS_R(1.25038013750340535));
    real q = fma(y, LS_R(6.35243576673238875e-6), LS_R(0.000540534605736349078));
    q = fma(y, q, LS_R(0.0134182832029352037));
    q = fma(y, q, LS_R(0.141547297752477059));
    q = fma(y, q, LS_R(0.72703464407545765));
    q = fma(y, q, LS_R(1.87518739207098214));
    q = fma(y, q, LS_R(2.27681594303745376));
    q = fma(y, q, LS_R(1.0));
    real from_zero = (x - LS_R(1.4616321449683622)) - LS_R(9.5499954299656977e-17);
#else
    real p = fma(y, LS_R(0.000119620789), LS_R(0.0286293142));
    p = fma(y, p, LS_R(0.392963558));
    p = fma(y, p, LS_R(1.35532427));
    p = fma(y, p, LS_R(1.25038016));
    real q = fma(y, LS_R(0.00696011167), LS_R(0.159997791));
    q = fma(y, q, LS_R(0.92063731));
    q = fma(y, q, LS_R(1.76747644));
    q = fma(y, q, LS_R(1.0));
    real from_zero = (x - LS_R(1.4616321325302124)) - LS_R(1.243814994e-8);
#endif
    return from_zero * (p / q);
}

// log(x) - 1/(2x) - z A(z) with z = 1 / x^2 (Abramowitz and Stegun, 6.3.18), for x >= 3.5.
static inline real ls_digamma_positive(real x) {
    real inverse = LS_R(1.0) / x;
    real z = inverse * inverse;
#if LS_DOUBLE
    real p = fma(z, LS_R(-0.0254308639587946206), LS_R(0.928282770896062739));
    p = fma(z, p, LS_R(4.494718443308854));
    p = fma(z, p, LS_R(4.16309331985279887));
    p = fma(z, p, LS_R(1.12942581215208271));
    p = fma(z, p, LS_R(0.0833333333333333259));
    real q = fma(z, LS_R(15.1358788407904756), LS_R(58.4639543971642221));
    q = fma(z, q, LS_R(51.2748117652901298));
    q = fma(z, q, LS_R(13.6531097458247727));
    q = fma(z, q, LS_R(1.0));
    real a = p / q;
#else
    real a = fma(z, LS_R(-0.00321427127), LS_R(0.00392354932));
    a = fma(z, a, LS_R(-0.00833262689));
    a = fma(z, a, LS_R(0.0833333284));
#endif
    real high = ls_log(x) - fma(z, a, LS_R(0.5) * inverse);
    mask low = x < LS_R(1.0);
    real middle = ls_digamma_middle(low ? x + LS_R(1.0) : x);
    middle = low ? middle - inverse : middle;  // digamma(x) = digamma(1 + x) - 1 / x
    return x < LS_R(3.5) ? middle : high;
}

// The derivative of lgamma: -inf at 0, NaN at the other poles. Below 0 by reflection (Abramowitz and Stegun, 6.3.7).
static inline real ls_digamma(real x) {
    real a = fabs(x);
    real result = ls_digamma_positive(a);
    mask negative = x < LS_R(0.0);
    if (ls_any(negative)) {
        real off = ls_off_integer(a);
        real reflected = result + LS_R(1.0) / a
            + LS_R(3.14159265358979324) / ls_tan(off * LS_R(3.14159265358979324));
        result = negative ? (off == LS_R(0.0) ? LS_NAN : reflected) : result;
    }
    return result;
}

// y^-n for n = s - 1, by multiplication where n is 1, 2 or 3 (trigamma and its neighbours), else by pow.
static inline real ls_zeta_power(real y, real n) {
    real r = LS_R(1.0) / y, r2 = r * r;
    real result = n == LS_R(1.0) ? r : (n == LS_R(2.0) ? r2 : r2 * r);
    mask general = ls_not(ls_or(ls_or(n == LS_R(1.0), n == LS_R(2.0)), n == LS_R(3.0)));
    if (ls_any(general)) result = general ? ls_pow(y, -n) : result;
    return result;
}

// Hurwitz zeta(s, x) = sum over k >= 0 of (x + k)^-s, for s > 1 and x > 0: terms up to LS_ZETA_START, then the
// Euler-Maclaurin formula (DLMF 25.11.28). zeta(2, x) is trigamma. inf at x = 0; NaN for x < 0 and for s < 1.
#if LS_DOUBLE
#define LS_ZETA_START 20
#else
#define LS_ZETA_START 10
#endif

static inline real ls_zeta(real s, real x) {
    real n = s - LS_R(1.0), y = x, sum = LS_R(0.0);
    mask near = ls_and(x < (real)(LS_ZETA_START), ls_le(LS_R(0.0), x));
    for (int k = 0; k < LS_ZETA_START && ls_any(near); ++k) {
        real term = ls_zeta_power(y, n) / y;
        sum = near ? sum + term : sum;
        y = near ? y + LS_R(1.0) : y;
        near = ls_and(near, y < (real)(LS_ZETA_START));
    }
    real inverse = LS_R(1.0) / y, z = inverse * inverse;
    real power = ls_zeta_power(y, n);       // y^(1 - s)
    real edge = power * inverse;            // y^-s
    // B_2j / (2j)! s (s + 1) ... (s + 2j - 2) y^(1 - s - 2j), nested
    real tail;
#if LS_DOUBLE
    tail = LS_R(8.58606205627784456e-15);
    tail = fma(tail * z, (s + LS_R(15.0)) * (s + LS_R(16.0)), LS_R(-3.38968029632258287e-13));
    tail = fma(tail * z, (s + LS_R(13.0)) * (s + LS_R(14.0)), LS_R(1.33825365306846788e-11));
    tail = fma(tail * z, (s + LS_R(11.0)) * (s + LS_R(12.0)), LS_R(-5.28419013868749318e-10));
    tail = fma(tail * z, (s + LS_R(9.0)) * (s + LS_R(10.0)), LS_R(2.0876756987868099e-8));
#else
    tail = LS_R(2.0876756987868099e-8);
#endif
    tail = fma(tail * z, (s + LS_R(7.0)) * (s + LS_R(8.0)), LS_R(-8.2671957671957672e-7));
    tail = fma(tail * z, (s + LS_R(5.0)) * (s + LS_R(6.0)), LS_R(0.0000330687830687830688));
    tail = fma(tail * z, (s + LS_R(3.0)) * (s + LS_R(4.0)), LS_R(-0.00138888888888888889));
    tail = fma(tail * z, (s + LS_R(1.0)) * (s + LS_R(2.0)), LS_R(0.0833333333333333333));
    real total = (LS_R(0.5) * edge + edge * inverse * s * tail) + power / n;
    total = sum + total;
    total = x == LS_INFINITY ? LS_R(0.0) : total;
    return ls_or(x < LS_R(0.0), s < LS_R(1.0)) ? LS_NAN : total;
}

// erf(x) / x on [-1, 1], in z = x^2.
static inline real ls_erf_small(real z) {
#if LS_DOUBLE
    real p = fma(z, LS_R(-7.79589882700210585e-10), LS_R(1.37200645467776647e-8));
    p = fma(z, p, LS_R(-1.62084838018717007e-7));
    p = fma(z, p, LS_R(1.64474247033173617e-6));
    p = fma(z, p, LS_R(-1.49247369074196603e-5));
    p = fma(z, p, LS_R(0.000120552949048397079));
    p = fma(z, p, LS_R(-0.000854832597538969208));
    p = fma(z, p, LS_R(0.00522397760711642273));
    p = fma(z, p, LS_R(-0.0268661706432377704));
    p = fma(z, p, LS_R(0.112837916709450063));
    p = fma(z, p, LS_R(-0.376126389031835404));
    p = fma(z, p, LS_R(1.12837916709551257));
#else
    real p = fma(z, LS_R(7.87587487e-5), LS_R(-0.00080168643));
    p = fma(z, p, LS_R(0.00518908724));
    p = fma(z, p, LS_R(-0.0268542115));
    p = fma(z, p, LS_R(0.112835944));
    p = fma(z, p, LS_R(-0.37612626));
    p = fma(z, p, LS_R(1.12837911));
#endif
    return p;
}

// erfc(x) for x >= 0: exp(x^2) erfc(x) (1 + 2x) is smooth in t = (x - K) / (x + K) (Shepherd and Laframboise,
// "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", Mathematics of Computation 36, 1981, with K = 3.75).
static inline real ls_erfc_positive(real x) {
    x = x > LS_R(30.0) ? LS_R(30.0) : x;
    real t = (x - LS_R(3.75)) / (x + LS_R(3.75));
#if LS_DOUBLE
    real p = fma(t, LS_R(-8.98191861675250806e-10), LS_R(-4.75790118385920283e-9));
    p = fma(t, p, LS_R(2.27681469111829781e-10));
    p = fma(t, p, LS_R(4.0142388614110436e-8));
    p = fma(t, p, LS_R(1.76915260534959207e-8));
    p = fma(t, p, LS_R(-2.62346058083418944e-7));
    p = fma(t, p, LS_R(-5.2878886602044209e-8));
    p = fma(t, p, LS_R(1.75541965144216091e-6));
    p = fma(t, p, LS_R(-9.75594701104852831e-7));
    p = fma(t, p, LS_R(-1.14463758416502093e-5));
    p = fma(t, p, LS_R(2.23848172689822047e-5));
    p = fma(t, p, LS_R(5.16499190590442262e-5));
    p = fma(t, p, LS_R(-0.000290154172955765999));
    p = fma(t, p, LS_R(0.000293713473978847241));
    p = fma(t, p, LS_R(0.00175562585871773683));
    p = fma(t, p, LS_R(-0.00974657953021000269));
    p = fma(t, p, LS_R(0.0283622774193601437));
    p = fma(t, p, LS_R(-0.0586933985919944795));
    p = fma(t, p, LS_R(0.0923043211602956268));
    p = fma(t, p, LS_R(-0.108803930141646147));
    p = fma(t, p, LS_R(0.0822767384901489947));
    p = fma(t, p, LS_R(0.00358541548546267992));
    p = fma(t, p, LS_R(-0.140240598585547006));
    p = fma(t, p, LS_R(1.23751263083782758));
#else
    real p = fma(t, LS_R(-0.000254918268), LS_R(0.000365697721));
    p = fma(t, p, LS_R(0.00173351797));
    p = fma(t, p, LS_R(-0.00978969969));
    p = fma(t, p, LS_R(0.028369436));
    p = fma(t, p, LS_R(-0.0586814806));
    p = fma(t, p, LS_R(0.0923030004));
    p = fma(t, p, LS_R(-0.108805306));
    p = fma(t, p, LS_R(0.0822768658));
    p = fma(t, p, LS_R(0.0035854599));
    p = fma(t, p, LS_R(-0.14024061));
    p = fma(t, p, LS_R(1.23751259));
#endif
    // exp(-x^2): the square's rounding error is put back to first order
    real square = x * x;
    real lost = fma(x, x, -square);
    real e = ls_exp(-square);
    e = fma(-e, lost, e);
    return e * (p / fma(LS_R(2.0), x, LS_R(1.0)));
}

static inline real ls_erfc(real x) {
    real a = fabs(x);
    real outer = ls_erfc_positive(a);
    outer = x < LS_R(0.0) ? LS_R(2.0) - outer : outer;
    return a < LS_R(0.5) ? fma(-x, ls_erf_small(x * x), LS_R(1.0)) : outer;
}

static inline real ls_erf(real x) {
    real a = fabs(x);
    real outer = ls_with_sign_of(LS_R(1.0) - ls_erfc_positive(a), x);
    return a < LS_R(1.0) ? x * ls_erf_small(x * x) : outer;
}

// erfinv(x) = x P(w), w = -log(1 - x^2) (Giles, "Approximating the erfinv function", GPU Computing Gems, 2011: the
// variables; the polynomials are our own). In double that is the start of one step of Halley's method.
static inline real ls_erfinv(real x) {
    real a = fabs(x);
    real w = -ls_log(fma(-a, a, LS_R(1.0)));
    real root = sqrt(w);
    real u = w - LS_R(2.75), v = root - LS_R(3.25);
    // w < 5.5
    real p = fma(u, LS_R(-7.27609439e-9), LS_R(7.51093054e-9));
    p = fma(u, p, LS_R(4.75616616e-7));
    p = fma(u, p, LS_R(-2.66233155e-6));
    p = fma(u, p, LS_R(-9.46552336e-6));
    p = fma(u, p, LS_R(0.000209306381));
    p = fma(u, p, LS_R(-0.00103860162));
    p = fma(u, p, LS_R(-0.0050361976));
    p = fma(u, p, LS_R(0.244330257));
    p = fma(u, p, LS_R(1.56278968));
    // root < 4.1
    real q = fma(v, LS_R(9.39402598e-5), LS_R(-5.60039916e-5));
    q = fma(v, q, LS_R(-0.000380050769));
    q = fma(v, q, LS_R(0.00100437179));
    q = fma(v, q, LS_R(-0.00167758355));
    q = fma(v, q, LS_R(0.0024777553));
    q = fma(v, q, LS_R(-0.00375301833));
    q = fma(v, q, LS_R(0.00537222018));
    q = fma(v, q, LS_R(1.00525904));
    q = fma(v, q, LS_R(3.08388567));
    real result = a * (w < LS_R(5.5) ? p : q);
#if LS_DOUBLE
    real far = root - LS_R(5.0);
    real r = fma(far, LS_R(-9.51980041e-7), LS_R(4.97715791e-6));
    r = fma(far, r, LS_R(-1.98669222e-5));
    r = fma(far, r, LS_R(7.57435118e-5));
    r = fma(far, r, LS_R(-0.000214936896));
    r = fma(far, r, LS_R(-0.000138674499));
    r = fma(far, r, LS_R(1.0103004));
    r = fma(far, r, LS_R(4.84990644));
    result = root < LS_R(4.1) ? result : a * r;
    // erf(result) - a, taken from the side of 1 where that keeps digits
    real excess = a < LS_R(0.75) ? fma(result, ls_erf_small(result * result), -a)
                                 : (LS_R(1.0) - a) - ls_erfc_positive(result);
    real newton = excess * LS_R(0.886226925452758014) * ls_exp(result * result);
    result -= newton / fma(result, newton, LS_R(1.0));
#endif
    result = a == LS_R(1.0) ? LS_INFINITY : result;
    result = a > LS_R(1.0) ? LS_NAN : result;
    return ls_with_sign_of(result, x);
}
