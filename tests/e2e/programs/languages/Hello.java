// SPDX-License-Identifier: Apache-2.0
//
// A pool of four threads, ended before the program is; what is left then are the virtual machine's own.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class Hello {
    static long work(long divisor) {
        long sum = 0;
        for (long number = 0; number < 100_000; number++) sum += number % divisor;
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Long>> parts = new ArrayList<>();
        for (long divisor = 1; divisor <= 16; divisor++) {
            final long own = divisor;
            parts.add(pool.submit(() -> work(own)));
        }
        long sum = 0;
        for (Future<Long> part : parts) sum += part.get();
        pool.shutdown();
        System.out.println("hello from the pool: " + sum);
        System.exit(5);
    }
}
