package bench;

import java.util.Arrays;

/** A UUID as two numbers, read from text. */
final class Uuid {
    static final int LENGTH = 36;
    private static final byte[] DIGIT = new byte[128];

    static {
        Arrays.fill(DIGIT, (byte) -1);
        for (int value = 0; value < 16; value++) {
            DIGIT[Character.forDigit(value, 16)] = (byte) value;
            DIGIT[Character.toUpperCase(Character.forDigit(value, 16))] = (byte) value;
        }
    }

    long high;
    long low;
    private int wrong; // bits that a digit or a dash may not have

    /** Takes a text in; answers whether it is a UUID. */
    boolean read(char[] text, int start, int length) {
        if (length != LENGTH) {
            return false;
        }
        wrong = text[start + 8] ^ '-' | text[start + 13] ^ '-' | text[start + 18] ^ '-' | text[start + 23] ^ '-';
        high = hex(text, start, 8) << 32 | hex(text, start + 9, 4) << 16 | hex(text, start + 14, 4);
        low = hex(text, start + 19, 4) << 48 | hex(text, start + 24, 12);
        return wrong == 0;
    }

    private long hex(char[] text, int start, int digits) {
        long number = 0;
        int unusual = 0;
        for (int i = start; i < start + digits; i++) {
            char c = text[i];
            int digit = DIGIT[c & 0x7F];
            unusual |= digit & ~0xF | c >>> 7;
            number = number << 4 | digit & 0xF;
        }
        wrong |= unusual;
        return number;
    }
}
