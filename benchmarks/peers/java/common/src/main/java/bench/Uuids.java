package bench;

import java.util.Arrays;

/** UUIDs as two numbers. */
final class Uuids {
    static final int LENGTH = 36;
    private static final byte[] DIGIT = new byte[128];

    static {
        Arrays.fill(DIGIT, (byte) -1);
        for (int value = 0; value < 16; value++) {
            DIGIT[Character.forDigit(value, 16)] = (byte) value;
            DIGIT[Character.toUpperCase(Character.forDigit(value, 16))] = (byte) value;
        }
    }

    private Uuids() {}

    /** Both halves of the UUID that begins at {@code start}; false if none does. */
    static boolean parse(char[] text, int start, long[] halves) {
        long bits = 0;
        int bad = 0;
        for (int i = 0; i < LENGTH; i++) {
            char c = text[start + i];
            if (i == 8 || i == 13 || i == 18 || i == 23) {
                bad |= c ^ '-';
                if (i == 18) {
                    halves[0] = bits;
                }
            } else {
                int digit = c < 128 ? DIGIT[c] : -1;
                bad |= digit >> 4; // all ones if it is no digit
                bits = bits << 4 | digit;
            }
        }
        halves[1] = bits;
        return bad == 0;
    }

    static boolean isVersion4(long high, long low) {
        return (high >>> 12 & 0xF) == 4 && low >>> 62 == 2;
    }
}
