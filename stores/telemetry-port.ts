import { fork } from 'node:child_process';
import { workerPath } from '../src/platform/entry.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { telemetrySampleSchema } from '../src/serving/metrics-types.ts';
import type { TelemetryPort } from './telemetry.ts';

/** The telemetry worker as a child process: it hears by IPC, and ends with us or when it is told. */
export function realTelemetry(paths: WorkspacePaths): TelemetryPort {
  return {
    start: ({ onSample, onEnd }) => {
      const child = fork(workerPath('telemetry'), [], {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        execArgv: [],
        env: {
          ...process.env,
          RAGTUI_HOME: paths.home,
          RAGTUI_MODELS_CACHE: paths.models,
          RAGTUI_ENGINES_CACHE: paths.engines,
        },
      });
      let over = false;
      const end = (reason: string): void => {
        if (over) return;
        over = true;
        onEnd(reason);
      };
      child.on('message', (message) => {
        const sample = telemetrySampleSchema.safeParse(message).data;
        if (sample && !over) onSample(sample);
      });
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
      // It must not keep the program alive.
      child.unref();
      child.channel?.unref();
      return {
        // A child that has just died says so by `exit`.
        watch: (request) => void child.send(request, () => undefined),
        stop: () => {
          over = true;
          child.kill('SIGKILL');
        },
      };
    },
  };
}
