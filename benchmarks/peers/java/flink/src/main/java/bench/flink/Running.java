package bench.flink;

import bench.Race;

/** The race of this process. Flink ships functions by value, and a meter must not be copied. */
final class Running {
    static volatile Race race;

    private Running() {}
}
