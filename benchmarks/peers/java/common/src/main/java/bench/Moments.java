package bench;

import java.time.DateTimeException;
import java.time.LocalDate;

/** Moments as RFC 3339 writes them, with an offset; finer digits than milliseconds are cut off. */
final class Moments {
    static final long NONE = Long.MIN_VALUE;
    private static final int SHORTEST = "2026-01-05T08:00:00Z".length();
    private static final int MOST_DIGITS = 9;

    private long day;
    private int dayCode = -1;

    /** Milliseconds since 1970; NONE if the text is no such moment. */
    long of(char[] text, int start, int length) {
        if (length < SHORTEST || text[start + 4] != '-' || text[start + 7] != '-' || text[start + 10] != 'T'
                || text[start + 13] != ':' || text[start + 16] != ':') {
            return NONE;
        }
        int year = number(text, start, 4);
        int month = number(text, start + 5, 2);
        int date = number(text, start + 8, 2);
        int hour = number(text, start + 11, 2);
        int minute = number(text, start + 14, 2);
        int second = number(text, start + 17, 2);
        if ((year | month | date | hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 59
                || !takeDay(year, month, date)) {
            return NONE;
        }
        int end = start + length;
        int at = start + 19;
        int millis = 0;
        if (text[at] == '.') {
            int first = ++at;
            for (int unit = 100; at < end && text[at] >= '0' && text[at] <= '9'; at++, unit /= 10) {
                millis += unit * (text[at] - '0');
            }
            if (at == first || at - first > MOST_DIGITS) {
                return NONE;
            }
        }
        long local = ((day * 24 + hour) * 60 + minute) * 60_000L + second * 1000L + millis;
        if (end - at == 1 && text[at] == 'Z') {
            return local;
        }
        if (end - at != 6 || text[at] != '+' && text[at] != '-' || text[at + 3] != ':') {
            return NONE;
        }
        int hours = number(text, at + 1, 2);
        int minutes = number(text, at + 4, 2);
        if ((hours | minutes) < 0 || hours > 23 || minutes > 59) {
            return NONE;
        }
        long offset = (hours * 60 + minutes) * 60_000L;
        return text[at] == '+' ? local - offset : local + offset;
    }

    /** Remembers the last day asked for: a log has few. */
    private boolean takeDay(int year, int month, int date) {
        int code = (year * 16 + month) * 32 + date;
        if (code != dayCode || month > 12 || date > 31) {
            try {
                day = LocalDate.of(year, month, date).toEpochDay();
            } catch (DateTimeException error) {
                return false;
            }
            dayCode = code;
        }
        return true;
    }

    private static int number(char[] text, int start, int digits) {
        int number = 0;
        for (int i = start; i < start + digits; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}
