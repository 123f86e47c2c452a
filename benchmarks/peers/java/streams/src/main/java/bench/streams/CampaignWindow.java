package bench.streams;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What is counted by. */
record CampaignWindow(String campaign, long window) {
    static final Serde<CampaignWindow> SERDE =
            Serdes.serdeFrom((topic, key) -> key.bytes(), (topic, bytes) -> of(bytes));

    private byte[] bytes() {
        byte[] name = campaign.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + name.length).putLong(window).put(name).array();
    }

    private static CampaignWindow of(byte[] bytes) {
        String name = new String(bytes, Long.BYTES, bytes.length - Long.BYTES, StandardCharsets.UTF_8);
        return new CampaignWindow(name, ByteBuffer.wrap(bytes).getLong());
    }
}
