"""Virtual time: it starts at a fixed instant and moves with fuel and with `sleep`. The zone is UTC."""
import _edgecoder

timezone = 0
altzone = 0
daylight = 0
tzname = ("UTC", "UTC")

_DAY_SECONDS = 86400
_struct_time_fields = (
    "tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst",
)


class struct_time(tuple):
    __slots__ = ()
    n_fields = 9
    tm_zone = "UTC"
    tm_gmtoff = 0

    def __new__(cls, values):
        values = tuple(values)
        if len(values) != 9:
            raise TypeError("time.struct_time() takes a 9-sequence (%d-sequence given)" % len(values))
        return tuple.__new__(cls, values)

    tm_year = property(lambda self: self[0])
    tm_mon = property(lambda self: self[1])
    tm_mday = property(lambda self: self[2])
    tm_hour = property(lambda self: self[3])
    tm_min = property(lambda self: self[4])
    tm_sec = property(lambda self: self[5])
    tm_wday = property(lambda self: self[6])
    tm_yday = property(lambda self: self[7])
    tm_isdst = property(lambda self: self[8])

    def __repr__(self):
        shown = ", ".join("%s=%r" % pair for pair in zip(_struct_time_fields, self))
        return "time.struct_time(%s)" % shown


def time_ns():
    return _edgecoder.clock_ns()


def time():
    return time_ns() / 1e9


def monotonic_ns():
    return _edgecoder.elapsed_ns()


def monotonic():
    return monotonic_ns() / 1e9


perf_counter = monotonic
perf_counter_ns = monotonic_ns
process_time = monotonic
process_time_ns = monotonic_ns
thread_time = monotonic
thread_time_ns = monotonic_ns


def sleep(seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    _edgecoder.advance_ns(int(seconds * 1e9))


def _days_to_civil(days):
    days += 719468
    era = days // 146097
    day_of_era = days - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def _civil_to_days(year, month, day):
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 719468


def gmtime(seconds=None):
    if seconds is None:
        seconds = time()
    seconds = int(seconds // 1)
    days, rest = divmod(seconds, _DAY_SECONDS)
    year, month, day = _days_to_civil(days)
    return struct_time((
        year, month, day, rest // 3600, rest // 60 % 60, rest % 60,
        (days + 3) % 7, days - _civil_to_days(year, 1, 1) + 1, 0,
    ))


localtime = gmtime


def mktime(parts):
    days = _civil_to_days(parts[0], parts[1], 1) + parts[2] - 1
    return float(days * _DAY_SECONDS + parts[3] * 3600 + parts[4] * 60 + parts[5])


def asctime(parts=None):
    return strftime("%a %b %e %H:%M:%S %Y", parts)


def ctime(seconds=None):
    return asctime(gmtime(seconds))


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)


def _directive(letter, parts):
    year, month, day, hour, minute, second, weekday, yearday = parts[:8]
    if letter == "a":
        return _DAYS[weekday][:3]
    if letter == "A":
        return _DAYS[weekday]
    if letter in "bh":
        return _MONTHS[month - 1][:3]
    if letter == "B":
        return _MONTHS[month - 1]
    if letter == "p":
        return "AM" if hour < 12 else "PM"
    if letter == "j":
        return "%03d" % yearday
    if letter == "U":
        return "%02d" % ((yearday + 6 - (weekday + 1) % 7) // 7)
    if letter == "W":
        return "%02d" % ((yearday + 6 - weekday) // 7)
    if letter in "GVu":
        week = (yearday - weekday + 9) // 7
        if letter == "u":
            return str(weekday + 1)
        from datetime import date
        iso = date(year, month, day).isocalendar()
        return "%02d" % iso[1] if letter == "V" else str(iso[0])
    simple = {
        "d": "%02d" % day, "e": "%2d" % day, "H": "%02d" % hour, "I": "%02d" % ((hour + 11) % 12 + 1), "m": "%02d" % month,
        "M": "%02d" % minute, "S": "%02d" % second, "y": "%02d" % (year % 100), "Y": str(year), "C": "%02d" % (year // 100),
        "w": str((weekday + 1) % 7), "Z": "UTC", "z": "+0000", "n": "\n", "t": "\t", "%": "%",
    }
    if letter in simple:
        return simple[letter]
    nested = {
        "c": "%a %b %e %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S", "D": "%m/%d/%y", "F": "%Y-%m-%d", "T": "%H:%M:%S",
        "R": "%H:%M", "r": "%I:%M:%S %p",
    }
    if letter in nested:
        return strftime(nested[letter], parts)
    return "%" + letter


def strftime(form, parts=None):
    if parts is None:
        parts = gmtime()
    pieces = []
    at = 0
    while at < len(form):
        if form[at] == "%" and at + 1 < len(form):
            pieces.append(_directive(form[at + 1], parts))
            at += 2
        else:
            pieces.append(form[at])
            at += 1
    return "".join(pieces)


def strptime(text, form="%a %b %d %H:%M:%S %Y"):
    import _strptime
    return _strptime._strptime_time(text, form)
