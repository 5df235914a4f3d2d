//! The slice of the standard library that programs may import, name by name.
//!
//! A module's entry lists what a program may see of it. Whatever else the module holds (the modules that it imports
//! itself, its private helpers) is out of reach: [`check`](crate::check) refuses it where the source says it, and the
//! virtual machine gives programs a view of the module that has these names only.

use super::has;

/// One importable module.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Its dotted name.
    pub name: &'static str,
    /// What a program may use of it: sorted names with blanks between.
    pub names: &'static str,
    /// What a reader should know: what is left out and why, or that it is a stand-in.
    pub note: &'static str,
}

/// Every importable module, sorted by name.
pub const MODULES: &[Module] = &[
    Module {
        name: "__future__",
        names: "absolute_import annotations division generator_stop generators nested_scopes print_function \
            unicode_literals with_statement",
        note: "Imports only.",
    },
    Module {
        name: "abc",
        names: "ABC ABCMeta abstractclassmethod abstractmethod abstractproperty abstractstaticmethod",
        note: "",
    },
    Module { name: "array", names: "ArrayType array", note: "" },
    Module {
        name: "base64",
        names: "a85decode a85encode b16decode b16encode b32decode b32encode b32hexdecode b32hexencode b64decode \
            b64encode b85decode b85encode decodebytes encodebytes standard_b64decode standard_b64encode \
            urlsafe_b64decode urlsafe_b64encode",
        note: "",
    },
    Module {
        name: "binascii",
        names: "Error Incomplete a2b_base64 a2b_hex a2b_qp a2b_uu b2a_base64 b2a_hex b2a_qp b2a_uu crc32 crc_hqx hexlify \
            unhexlify",
        note: "",
    },
    Module { name: "bisect", names: "bisect bisect_left bisect_right insort insort_left insort_right", note: "" },
    Module {
        name: "calendar",
        names: "APRIL AUGUST Calendar DECEMBER Day FEBRUARY FRIDAY HTMLCalendar IllegalMonthError IllegalWeekdayError \
            JANUARY JULY JUNE MARCH MAY MONDAY Month NOVEMBER OCTOBER SATURDAY SEPTEMBER SUNDAY THURSDAY TUESDAY \
            TextCalendar WEDNESDAY calendar day_abbr day_name firstweekday isleap leapdays month month_abbr \
            month_name monthcalendar monthrange prcal prmonth setfirstweekday timegm weekday weekheader",
        note: "",
    },
    Module {
        name: "cmath",
        names: "acos acosh asin asinh atan atanh cos cosh e exp inf infj isclose isfinite isinf isnan log log10 nan nanj \
            phase pi polar rect sin sinh sqrt tan tanh tau",
        note: "",
    },
    Module {
        name: "collections",
        names: "ChainMap Counter OrderedDict UserDict UserList UserString abc defaultdict deque namedtuple",
        note: "",
    },
    Module {
        name: "collections.abc",
        names: "AsyncGenerator AsyncIterable AsyncIterator Awaitable Buffer ByteString Callable Collection Container \
            Coroutine Generator Hashable ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping \
            MutableSequence MutableSet Reversible Sequence Set Sized ValuesView",
        note: "",
    },
    Module {
        name: "contextlib",
        names: "AbstractContextManager ContextDecorator ExitStack closing contextmanager nullcontext redirect_stderr \
            redirect_stdout suppress",
        note: "",
    },
    Module { name: "copy", names: "Error copy deepcopy replace", note: "" },
    Module {
        name: "dataclasses",
        names: "Field FrozenInstanceError InitVar KW_ONLY MISSING asdict astuple dataclass field fields is_dataclass \
            replace",
        note: "Without `make_dataclass`, which builds classes from text.",
    },
    Module {
        name: "datetime",
        names: "MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo",
        note: "`now` and `today` read the virtual clock.",
    },
    Module {
        name: "decimal",
        names: "BasicContext Clamped Context ConversionSyntax Decimal DecimalException DecimalTuple DefaultContext \
            DivisionByZero DivisionImpossible DivisionUndefined ExtendedContext FloatOperation Inexact \
            InvalidContext InvalidOperation MAX_EMAX MAX_PREC MIN_EMIN MIN_ETINY Overflow ROUND_05UP ROUND_CEILING \
            ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Rounded Subnormal \
            Underflow getcontext localcontext setcontext",
        note: "",
    },
    Module {
        name: "difflib",
        names: "Differ HtmlDiff IS_CHARACTER_JUNK IS_LINE_JUNK Match SequenceMatcher context_diff diff_bytes \
            get_close_matches ndiff restore unified_diff",
        note: "",
    },
    Module {
        name: "doctest",
        names: "ELLIPSIS IGNORE_EXCEPTION_DETAIL NORMALIZE_WHITESPACE SKIP testmod",
        note: "A stand-in: examples in docstrings are tests of their own.",
    },
    Module {
        name: "enum",
        names: "CONFORM CONTINUOUS EJECT Enum EnumCheck EnumMeta EnumType Flag FlagBoundary IntEnum IntFlag KEEP \
            NAMED_FLAGS ReprEnum STRICT StrEnum UNIQUE auto global_enum global_enum_repr global_flag_repr global_str \
            member nonmember property show_flag_values unique verify",
        note: "",
    },
    Module { name: "fractions", names: "Fraction", note: "" },
    Module {
        name: "functools",
        names: "Placeholder cache cached_property cmp_to_key lru_cache partial partialmethod reduce singledispatch \
            singledispatchmethod total_ordering wraps",
        note: "Without `update_wrapper`; `wraps` takes the wrapped function only.",
    },
    Module { name: "graphlib", names: "CycleError TopologicalSorter", note: "" },
    Module {
        name: "hashlib",
        names: "algorithms_available algorithms_guaranteed blake2b blake2s md5 new sha1 sha224 sha256 sha384 sha3_224 \
            sha3_256 sha3_384 sha3_512 sha512 shake_128 shake_256",
        note: "",
    },
    Module {
        name: "heapq",
        names: "heapify heapify_max heappop heappop_max heappush heappush_max heappushpop heappushpop_max heapreplace \
            heapreplace_max merge nlargest nsmallest",
        note: "",
    },
    Module { name: "html", names: "escape unescape", note: "" },
    Module {
        name: "io",
        names: "BytesIO SEEK_CUR SEEK_END SEEK_SET StringIO UnsupportedOperation",
        note: "In memory only.",
    },
    Module {
        name: "itertools",
        names: "accumulate batched chain combinations combinations_with_replacement compress count cycle dropwhile \
            filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
        note: "",
    },
    Module { name: "json", names: "JSONDecodeError JSONDecoder JSONEncoder dump dumps load loads", note: "" },
    Module { name: "keyword", names: "iskeyword issoftkeyword kwlist softkwlist", note: "" },
    Module {
        name: "math",
        names: "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 \
            expm1 fabs factorial floor fma fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt \
            lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh \
            sqrt sumprod tan tanh tau trunc ulp",
        note: "",
    },
    Module { name: "numbers", names: "Complex Integral Number Rational Real", note: "" },
    Module {
        name: "operator",
        names: "abs add and_ attrgetter call concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat \
            ifloordiv ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_none is_not \
            is_not_none isub itemgetter itruediv ixor le length_hint lshift lt matmul methodcaller mod mul ne neg \
            not_ or_ pos pow rshift setitem sub truediv truth xor",
        note: "`attrgetter` and `methodcaller` refuse denied attributes at run time.",
    },
    Module { name: "pprint", names: "PrettyPrinter isreadable isrecursive pformat pp pprint saferepr", note: "" },
    Module {
        name: "pytest",
        names: "approx fail fixture mark param raises skip warns xfail",
        note: "A stand-in: cases are collected and judged natively.",
    },
    Module {
        name: "random",
        names: "Random betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits getstate \
            lognormvariate normalvariate paretovariate randbytes randint random randrange sample seed setstate \
            shuffle triangular uniform vonmisesvariate weibullvariate",
        note: "Seeded by the run: the same seed gives the same numbers. `SystemRandom` has no place here.",
    },
    Module {
        name: "re",
        names: "A ASCII DOTALL I IGNORECASE L LOCALE M MULTILINE Match NOFLAG Pattern PatternError RegexFlag S U UNICODE \
            VERBOSE X compile error escape findall finditer fullmatch match purge search split sub subn",
        note: "",
    },
    Module { name: "reprlib", names: "Repr recursive_repr repr", note: "" },
    Module {
        name: "statistics",
        names: "NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean kde kde_random \
            linear_regression mean median median_grouped median_high median_low mode multimode pstdev pvariance \
            quantiles stdev variance",
        note: "",
    },
    Module {
        name: "string",
        names: "Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable \
            punctuation whitespace",
        note: "Without `Formatter`, which reads attributes by computed names.",
    },
    Module { name: "struct", names: "Struct calcsize error iter_unpack pack pack_into unpack unpack_from", note: "" },
    Module {
        name: "sys",
        names: "argv byteorder exc_info exit float_info getrecursionlimit hash_info int_info intern maxsize maxunicode \
            platform setrecursionlimit stderr stdin stdout version version_info",
        note: "Without modules, frames, hooks and everything of the host.",
    },
    Module { name: "textwrap", names: "TextWrapper dedent fill indent shorten wrap", note: "" },
    Module {
        name: "time",
        names: "asctime ctime gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns process_time \
            process_time_ns sleep strftime strptime struct_time time time_ns timezone tzname",
        note: "A stand-in on the virtual clock: `sleep` only moves that clock.",
    },
    Module {
        name: "types",
        names: "DynamicClassAttribute EllipsisType GeneratorType GenericAlias MappingProxyType MethodType NoneType \
            NotImplementedType SimpleNamespace UnionType",
        note: "Without the types of functions, code, frames, cells and modules, and without `new_class`.",
    },
    Module {
        name: "typing",
        names: "AbstractSet Annotated Any AnyStr AsyncContextManager AsyncGenerator AsyncIterable AsyncIterator \
            Awaitable BinaryIO ByteString Callable ChainMap ClassVar Collection Concatenate Container ContextManager \
            Coroutine Counter DefaultDict Deque Dict Final FrozenSet Generator Generic Hashable IO ItemsView \
            Iterable Iterator KeysView List Literal LiteralString Mapping MappingView Match MutableMapping \
            MutableSequence MutableSet NamedTuple Never NewType NoDefault NoReturn NotRequired Optional OrderedDict \
            ParamSpec ParamSpecArgs ParamSpecKwargs Pattern Protocol ReadOnly Required Reversible Self Sequence Set \
            Sized SupportsAbs SupportsBytes SupportsComplex SupportsFloat SupportsIndex SupportsInt SupportsRound \
            TYPE_CHECKING Text TextIO Tuple Type TypeAlias TypeAliasType TypeGuard TypeIs TypeVar TypeVarTuple \
            TypedDict Union Unpack ValuesView assert_never assert_type cast clear_overloads dataclass_transform \
            final get_args get_origin get_overloads get_protocol_members is_protocol is_typeddict no_type_check \
            overload override reveal_type runtime_checkable",
        note: "Without `get_type_hints` and `ForwardRef`, which evaluate text.",
    },
    Module {
        name: "unicodedata",
        names: "bidirectional category combining decimal decomposition digit east_asian_width is_normalized lookup \
            mirrored name normalize numeric unidata_version",
        note: "",
    },
    Module {
        name: "unittest",
        names: "SkipTest TestCase TestLoader TestResult TestSuite TextTestRunner defaultTestLoader expectedFailure main \
            skip skipIf skipUnless",
        note: "A stand-in whose verdicts the native recorder takes.",
    },
    Module { name: "warnings", names: "catch_warnings filterwarnings resetwarnings simplefilter warn", note: "" },
    Module { name: "zlib", names: "adler32 compress crc32 decompress error", note: "" },
];

impl Module {
    /// What a program may use of it, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.split_ascii_whitespace()
    }
}

fn find(module: &str) -> Option<&'static Module> {
    MODULES.binary_search_by(|entry| entry.name.cmp(module)).ok().and_then(|at| MODULES.get(at))
}

/// What a program may see of a library module, sorted; `None` for a module outside the slice.
pub fn module_names(module: &str) -> Option<impl Iterator<Item = &'static str> + use<>> {
    find(module).map(Module::names)
}

/// Whether the module is in the slice.
pub(crate) fn is_importable(module: &str) -> bool {
    find(module).is_some()
}

/// Whether a program may use this name of a module of the slice.
pub(crate) fn is_visible(module: &str, name: &str) -> bool {
    module_names(module).is_some_and(|mut names| names.any(|known| known == name))
        || is_importable(&format!("{module}.{name}"))
        || has(MODULE_DUNDERS, name)
}

/// What every module has.
const MODULE_DUNDERS: &[&str] = &["__doc__", "__name__"];
