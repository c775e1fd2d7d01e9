import type { TelemetrySample, TelemetryWatch } from '../../src/serving/metrics-types.ts';
import type { TelemetryPort } from '../../stores/telemetry.ts';

/** A telemetry worker that says what a test tells it; `workers` are all that were started, with what they were asked. */
export function fakeTelemetry() {
  interface Worker {
    readonly asked: TelemetryWatch[];
    stopped: boolean;
    readonly say: (sample: TelemetrySample) => void;
    readonly die: () => void;
  }
  const workers: Worker[] = [];
  const port: TelemetryPort = {
    start: ({ onSample, onEnd }) => {
      const worker: Worker = { asked: [], stopped: false, say: onSample, die: () => onEnd('killed by a test') };
      workers.push(worker);
      return {
        watch: (request) => void worker.asked.push(request),
        stop: () => {
          worker.stopped = true;
        },
      };
    },
  };
  return { port, workers };
}
