import { type MachineClock, machineClock } from '../platform/clock.ts';
import { EventWriter } from './events.ts';
import { type JobError, type JobFiles, jobFiles, NOTHING_YET, type StateFile, writeJsonFile } from './folder.ts';
import { hasStarted, isOver, type JobState } from './types.ts';

/** The job's states: an event each, and the last one in `state.json`. */
export class StateLog {
  readonly #events: EventWriter;
  readonly #files: JobFiles;
  readonly #clock: MachineClock;
  #now: StateFile = NOTHING_YET;

  constructor(folder: string, clock: MachineClock = machineClock) {
    this.#events = new EventWriter(folder, 'supervisor', clock);
    this.#files = jobFiles(folder);
    this.#clock = clock;
  }

  /** Told with the next state. */
  has(gpus: readonly number[]): void {
    this.#now = { ...this.#now, gpus: [...gpus] };
  }

  enter(state: JobState, reason = '', error: JobError | null = null): void {
    const { state: before, startedAt, gpus } = this.#now;
    // What a queued job waits for changes, and whether a server answers.
    const tellsMore = state === 'queued' || state === 'running';
    if (before === state && (!tellsMore || this.#now.reason === reason)) return;
    if (isOver(before) || (state === 'running' && before === 'stopping')) return;
    const time = this.#clock.now().toISOString();
    const uptime = this.#clock.uptime();
    const started = this.#now.startedUptime ?? (hasStarted(state) ? uptime : null);
    this.#now = {
      state,
      reason,
      startedAt: startedAt ?? (hasStarted(state) ? time : null),
      endedAt: isOver(state) ? time : null,
      startedUptime: started,
      seconds: isOver(state) && started !== null ? Math.max(0, uptime - started) : null,
      error,
      gpus,
    };
    this.#try(() => writeJsonFile(this.#files.state, this.#now, { durable: true }));
    this.#try(() => this.#events.append({ type: 'state', state, reason }));
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      // A full disk: the worker's result.json or the missing processes tell the rest.
      console.error(thrown);
    }
  }
}
