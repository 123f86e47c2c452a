package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Reads and validates one event: exactly seven fields, each a text of its own kind, as strictly as the feed that our
 * worker declares (benchmarks/ysb/feeds) and no stricter, so that all do the same work. Jackson's streaming parser, no
 * object per field. One reader per thread.
 */
public final class EventReader {
    private static final int ALL_FIELDS = 0b111_1111;
    private static final int MAX_TIME_DIGITS = 13;
    private static final String[] AD_TYPES = {"banner", "modal", "sponsored-search", "mail", "mobile"};
    private static final String VIEW = "view";
    private static final String[] OTHER_EVENT_TYPES = {"click", "purchase"};

    private final JsonFactory factory = new JsonFactory();
    private final Uuid ad = new Uuid();
    private char[] text;
    private int start;
    private int length;

    /** Fills {@code event}; answers whether the value is valid. */
    public boolean read(byte[] value, AdEvent event) {
        if (value == null) {
            return false;
        }
        try (JsonParser parser = factory.createParser(value)) {
            return read(parser, event);
        } catch (IOException error) { // not JSON, or not UTF-8
            return false;
        }
    }

    private boolean read(JsonParser parser, AdEvent event) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return false;
        }
        int seen = 0;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                return false;
            }
            int field = take(name, parser, event);
            if (field == 0 || (seen & field) != 0) { // wrong, unknown or given twice
                return false;
            }
            seen |= field;
        }
        return seen == ALL_FIELDS && parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
    }

    /** The bit of the field at whose text the parser stands; 0 if it is unknown or its text is not of its kind. */
    int take(String name, JsonParser parser, AdEvent event) throws IOException {
        text = parser.getTextCharacters();
        start = parser.getTextOffset();
        length = parser.getTextLength();
        return field(name, event);
    }

    private int field(String name, AdEvent event) {
        switch (name) {
            case "user_id":
                return length == Uuid.LENGTH ? 1 : 0;
            case "page_id":
                return length == Uuid.LENGTH ? 1 << 1 : 0;
            case "ad_id":
                if (!ad.read(text, start, length)) {
                    return 0;
                }
                event.adHigh = ad.high;
                event.adLow = ad.low;
                return 1 << 2;
            case "ad_type":
                return isOneOf(AD_TYPES) ? 1 << 3 : 0;
            case "event_type":
                event.isView = is(VIEW);
                return event.isView || isOneOf(OTHER_EVENT_TYPES) ? 1 << 4 : 0;
            case "event_time":
                event.time = milliseconds();
                return event.time >= 0 ? 1 << 5 : 0;
            case "ip_address":
                return length >= 7 && length <= 15 ? 1 << 6 : 0;
            default:
                return 0;
        }
    }

    private boolean isOneOf(String[] words) {
        for (String word : words) {
            if (is(word)) {
                return true;
            }
        }
        return false;
    }

    private boolean is(String word) {
        if (word.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (text[start + i] != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Milliseconds since 1970 written in digits; -1 if they are none. */
    private long milliseconds() {
        if (length == 0 || length > MAX_TIME_DIGITS) {
            return -1;
        }
        long number = 0;
        for (int i = start; i < start + length; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}
