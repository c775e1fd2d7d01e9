/** Values over time in slots of equal length, the oldest dropped: what sparklines and charts are drawn from. */
export interface History<Field extends string> {
  /** Takes in what was seen at a time (ms); values in one slot are averaged; null = not known. */
  add(at: number, values: Readonly<Partial<Record<Field, number | null>>>): void;
  /** One value a slot up to the one of `now`, oldest first; NaN where nothing was known. */
  values(field: Field, now: number): readonly number[];
}

type Slot<Field extends string> = Map<Field, { sum: number; count: number }>;

/** Keeps `slots` slots of `slotMs`. A clock that went back begins a new history. */
export function createHistory<Field extends string>(slotMs: number, slots: number): History<Field> {
  const kept = new Map<number, Slot<Field>>();
  let newest = Number.NEGATIVE_INFINITY;
  const slotOf = (at: number): number => Math.floor(at / slotMs);
  return {
    add(at, values) {
      const number = slotOf(at);
      if (number < newest) kept.clear();
      newest = number;
      for (const old of kept.keys()) if (old <= number - slots) kept.delete(old);
      const slot = kept.get(number) ?? new Map();
      kept.set(number, slot);
      for (const field of fieldsOf(values)) {
        const value = values[field];
        if (value === null || value === undefined || !Number.isFinite(value)) continue;
        const cell = slot.get(field) ?? { sum: 0, count: 0 };
        slot.set(field, { sum: cell.sum + value, count: cell.count + 1 });
      }
    },
    values(field, now) {
      const last = slotOf(now);
      const oldest = Math.min(...kept.keys(), last);
      const first = Math.max(last - slots + 1, oldest);
      return Array.from({ length: last - first + 1 }, (_, i) => {
        const cell = kept.get(first + i)?.get(field);
        return cell ? cell.sum / cell.count : Number.NaN;
      });
    },
  };
}

const fieldsOf = <Field extends string>(values: Readonly<Partial<Record<Field, unknown>>>): Field[] =>
  Object.keys(values).filter((key): key is Field => key in values);
