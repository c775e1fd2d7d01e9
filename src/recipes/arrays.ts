import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { leaveGathering, openGathering } from '../hosts/slurm/gather.ts';
import type { ArraySeat, JobView } from '../jobs/types.ts';
import type { PlannedStep } from './plan.ts';

/** Which trainings of a recipe are to become an array job, and which of them do not come after all. */
export class Arrays {
  readonly #folder: string;
  readonly #atOnce: number | undefined;
  readonly #seats = new Map<string, ArraySeat>();
  #groups = 0;

  /** `folder`: of the recipe's job; its trainings meet below it. */
  constructor(folder: string, atOnce: number | undefined) {
    this.#folder = folder;
    this.#atOnce = atOnce;
  }

  /** Gives each of these a place in one array. */
  open(steps: readonly PlannedStep[]): void {
    const group = ++this.#groups;
    openGathering(this.#folderOf(group));
    const atOnce = this.#atOnce === undefined ? {} : { atOnce: this.#atOnce };
    for (const [at, { id }] of steps.entries()) {
      const seat = { recipe: path.basename(this.#folder), group, index: at + 1, size: steps.length, ...atOnce };
      this.#seats.set(id, seat);
    }
  }

  seatOf = (id: string): ArraySeat | undefined => this.#seats.get(id);

  /** The job that does a step: one of an earlier time is handed in already, or by itself. */
  seen(id: string, { spec }: Pick<JobView, 'spec'>): void {
    if (!isDeepStrictEqual(spec.array, this.#seats.get(id))) this.leave(id);
  }

  /** It is over, or there was nothing to do: the others do not wait for it. */
  leave(id: string): void {
    const seat = this.#seats.get(id);
    if (seat) leaveGathering({ folder: this.#folderOf(seat.group), index: seat.index });
  }

  readonly #folderOf = (group: number): string => path.join(this.#folder, 'arrays', String(group));
}
