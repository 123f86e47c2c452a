package bench.flink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** What an earlier start of a run left; a cluster's high availability would remember it, a single process looks. */
final class Checkpoints {
    private static final String COMPLETE = "_metadata";

    private Checkpoints() {}

    /** Where the newest complete checkpoint of all jobs below a folder is. */
    static Optional<String> newest(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(path -> path.endsWith(COMPLETE))
                    .max(Comparator.comparingLong(path -> path.toFile().lastModified()))
                    .map(path -> path.getParent().toUri().toString());
        }
    }
}
