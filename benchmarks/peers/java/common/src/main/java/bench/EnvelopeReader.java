package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Map;

/**
 * Reads and validates one event of IOC-1: the attributes of the envelope that its senders write, and in {@code data}
 * exactly six fields, as strictly as the feed that our worker declares (benchmarks/ioc1/feeds). Jackson's streaming
 * parser. One reader per thread.
 */
public final class EnvelopeReader {
    private static final String DATA = "data";
    private static final String ID = "id";
    private static final String TIME = "time";
    private static final String SUBJECT = "subject";
    private static final String AGENCY = "agency";
    private static final Map<String, String> CONSTANT = Map.of("specversion", "1.0", "source",
            "//laocai.gov.vn/ioc1/portal", "type", "vn.laocai.ioc1.happened.v1", "dataschema", "urn:ioc:ioc1:1");
    /** What must be there beside the data; subject and dataschema may. */
    private static final int REQUIRED = bit("specversion") | bit("source") | bit("type") | bit(ID) | bit(TIME)
            | bit(AGENCY) | bit(DATA);
    private static final int ALL_FIELDS = 0b11_1111;

    private final JsonFactory factory = new JsonFactory();
    private final EventReader fields = new EventReader();
    private final Moments moments = new Moments();

    /** Fills {@code event}; answers whether value and key are valid. */
    public boolean read(byte[] key, byte[] value, Envelope event) {
        if (key == null || value == null) {
            return false;
        }
        try (JsonParser parser = factory.createParser(value)) {
            return read(key, parser, event);
        } catch (IOException error) { // not JSON, or not UTF-8
            return false;
        }
    }

    private boolean read(byte[] key, JsonParser parser, Envelope event) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return false;
        }
        int seen = 0;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            int field = bit(name);
            JsonToken token = parser.nextToken();
            boolean isGood = name.equals(DATA) ? token == JsonToken.START_OBJECT && data(key, parser, event)
                    : token == JsonToken.VALUE_STRING && attribute(name, parser, event);
            if (field == 0 || (seen & field) != 0 || !isGood) {
                return false;
            }
            seen |= field;
        }
        return (seen & REQUIRED) == REQUIRED && parser.currentToken() == JsonToken.END_OBJECT
                && parser.nextToken() == null;
    }

    private boolean attribute(String name, JsonParser parser, Envelope event) throws IOException {
        switch (name) {
            case ID:
                event.id = parser.getText();
                return isId(event.id);
            case TIME:
                event.time = moments.of(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
                return event.time != Moments.NONE;
            case SUBJECT:
                return parser.getTextLength() <= 128;
            case AGENCY:
                return isId(parser.getText());
            default:
                return parser.getText().equals(CONSTANT.get(name));
        }
    }

    /** Exactly the six fields; the service is the record's key. */
    private boolean data(byte[] key, JsonParser parser, Envelope event) throws IOException {
        int seen = 0;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                return false;
            }
            boolean isService = name.equals("service_id");
            if (isService && !isKey(key, parser)) {
                return false;
            }
            int field = name.equals("event_time") || name.equals("ad_id") ? 0
                    : fields.take(isService ? "ad_id" : name, parser, event.about);
            if (field == 0 || (seen & field) != 0) {
                return false;
            }
            seen |= field;
        }
        return parser.currentToken() == JsonToken.END_OBJECT && Integer.bitCount(seen) == Integer.bitCount(ALL_FIELDS);
    }

    private static boolean isKey(byte[] key, JsonParser parser) throws IOException {
        char[] text = parser.getTextCharacters();
        int start = parser.getTextOffset();
        if (parser.getTextLength() != key.length) {
            return false;
        }
        for (int i = 0; i < key.length; i++) {
            if (text[start + i] != key[i]) {
                return false;
            }
        }
        return true;
    }

    /** An id as the envelope has it: up to 64 characters, no blanks. */
    private static boolean isId(String text) {
        if (text.isEmpty() || text.length() > 64 || !isLetterOrDigit(text.charAt(0))) {
            return false;
        }
        for (int i = 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isLetterOrDigit(c) && "._:/|@+-".indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLetterOrDigit(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }

    private static int bit(String name) {
        switch (name) {
            case "specversion": return 1;
            case ID: return 1 << 1;
            case "source": return 1 << 2;
            case "type": return 1 << 3;
            case TIME: return 1 << 4;
            case AGENCY: return 1 << 5;
            case DATA: return 1 << 6;
            case SUBJECT: return 1 << 7;
            case "dataschema": return 1 << 8;
            default: return 0;
        }
    }
}
