package bench.streams;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** One valid measurement: exactly an identifier, a time and a finite number. */
record Reading(String sensor, long time, double watts) {
    private static final JsonFactory FACTORY = new JsonFactory();

    /** The reading in these bytes; null if they are none. */
    static Reading of(byte[] value) {
        if (value == null) {
            return null;
        }
        try (JsonParser parser = FACTORY.createParser(value)) {
            return of(parser);
        } catch (IOException error) { // not JSON, not UTF-8, or a number beyond its type
            return null;
        }
    }

    private static Reading of(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return null;
        }
        String sensor = null;
        long time = -1;
        double watts = Double.NaN;
        int fields = 0;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            JsonToken token = parser.nextToken();
            fields++;
            switch (name) {
                case "identifier" -> sensor = token == JsonToken.VALUE_STRING ? parser.getText() : null;
                case "timestamp" -> time = token == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : -1;
                case "valueInW" -> watts = token.isNumeric() ? parser.getDoubleValue() : Double.NaN;
                default -> {
                    return null;
                }
            }
        }
        boolean isWhole = fields == 3 && parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
        boolean isValid = sensor != null && !sensor.isEmpty() && time >= 0 && Double.isFinite(watts);
        return isWhole && isValid ? new Reading(sensor, time, watts) : null;
    }
}
