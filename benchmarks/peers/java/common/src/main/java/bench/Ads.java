package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The join table, ad to campaign, in memory: an open hash over the two halves of the ad's UUID. */
public final class Ads {
    private final long[] highs;
    private final long[] lows;
    private final String[] campaigns;
    private final int mask;

    /** That which the environment names. */
    public static Ads given() throws IOException {
        return new Ads(Path.of(Race.required("BENCH_ADS")));
    }

    /** Reads the CSV {@code ad,campaign}. */
    Ads(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        if (lines.isEmpty() || !lines.get(0).trim().equals("ad,campaign")) {
            throw new IOException(file + " does not begin with the line ad,campaign");
        }
        int size = Integer.highestOneBit(Math.max(lines.size(), 8)) * 4;
        highs = new long[size];
        lows = new long[size];
        campaigns = new String[size];
        mask = size - 1;
        for (String line : lines.subList(1, lines.size())) {
            if (!line.isBlank()) {
                add(line.trim().split(","));
            }
        }
    }

    private void add(String[] row) throws IOException {
        Uuid ad = new Uuid();
        if (row.length != 2 || !ad.read(row[0].toCharArray(), 0, row[0].length())) {
            throw new IOException("no row of ad,campaign: " + String.join(",", row));
        }
        int at = slot(ad.high, ad.low);
        while (campaigns[at] != null) {
            at = at + 1 & mask;
        }
        highs[at] = ad.high;
        lows[at] = ad.low;
        campaigns[at] = row[1].intern(); // one text per campaign, whose hash is computed once
    }

    /** The campaign of an ad, null if the ad is unknown. */
    public String campaignOf(AdEvent event) {
        int at = slot(event.adHigh, event.adLow);
        while (campaigns[at] != null) {
            if (highs[at] == event.adHigh && lows[at] == event.adLow) {
                return campaigns[at];
            }
            at = at + 1 & mask;
        }
        return null;
    }

    private int slot(long high, long low) {
        long mixed = (high ^ low) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & mask;
    }
}
