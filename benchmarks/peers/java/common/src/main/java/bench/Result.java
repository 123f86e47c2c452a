package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;

/** The one line that a contestant says, and the tidying up behind it. */
public final class Result {
    private Result() {}

    /** Says it at the end of the run, without a cost if it may have been killed; never of a run without end. */
    public static void await(Race race, Shown<?> shown, String guarantee) throws IOException, InterruptedException {
        if (race.isEndless()) {
            Thread.currentThread().join();
        }
        Meter.Cost cost = race.isNamed() ? new Meter.Cost(0, 0) : race.meter.measure();
        say(race, cost, shown.await(), guarantee);
    }

    /** {@code counts} are numbers, or several for each key. */
    private static void say(Race race, Meter.Cost cost, Map<String, ?> counts, String guarantee) throws IOException {
        Path file = race.folder.resolve(race.id + "-counts.json");
        Files.writeString(file, json(out -> {
            for (Map.Entry<String, ?> one : counts.entrySet()) {
                out.writeFieldName(one.getKey());
                if (one.getValue() instanceof double[] several) {
                    out.writeArray(several, 0, several.length);
                } else {
                    out.writePOJO(one.getValue());
                }
            }
        }));
        System.out.println(json(out -> {
            out.writeNumberField("events", race.total - race.warm);
            out.writeNumberField("views", race.meter.views());
            out.writeNumberField("rejected", race.meter.rejected());
            out.writeNumberField("cpu", cost.cpu());
            out.writeNumberField("wall", cost.wall());
            out.writeNumberField("peak_mb", Meter.peakMb());
            out.writeStringField("counts_file", file.toAbsolutePath().toString());
            out.writeStringField("guarantee", guarantee);
        }));
        System.out.flush();
    }

    /** Deletes every topic of this run, so that a later one finds the broker as this one did. */
    public static void tidy(Race race) throws ExecutionException, InterruptedException, TimeoutException {
        try (Admin admin = race.admin()) {
            List<String> ours =
                    admin.listTopics().names().get(30, TimeUnit.SECONDS).stream().filter(name -> name.startsWith(race.id)).toList();
            admin.deleteTopics(ours).all().get(30, TimeUnit.SECONDS);
        }
    }

    /** Ends the process with an error, from whichever thread. */
    public static void fail(Throwable error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
    }

    private interface Fields {
        void write(JsonGenerator out) throws IOException;
    }

    private static String json(Fields fields) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text)) {
            out.writeStartObject();
            fields.write(out);
            out.writeEndObject();
        }
        return text.toString();
    }
}
