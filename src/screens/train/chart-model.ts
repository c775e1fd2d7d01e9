import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Point } from '../../training/curves.ts';
import type { NavigationTarget } from '../../ui/screen.ts';
import type { Axis, ChartRun } from './chart-data.ts';
import { metricsOf } from './chart-data.ts';

export interface ChartState {
  /** One metric alone; null: as many as there is room for. */
  readonly metric: string | null;
  readonly axis: Axis;
  /** A step of the training that is looked at; null: the last one. */
  readonly cursor: number | null;
}

/**
 * Which charts are drawn, and the step that is pointed at: moving goes from it, or from the last one when none was.
 * Lives outside React, as lists do.
 */
export interface ChartModel extends NavigationTarget {
  readonly store: StoreApi<ChartState>;
  /** Shows the next metric alone; after the last one all again. */
  readonly cycle: () => void;
  readonly turnAxis: () => void;
  /** False: nothing was pointed at. */
  readonly release: () => boolean;
}

/** Parts of the curve that a page goes by. */
const PAGES = 10;

export function createChartModel(runs: () => readonly ChartRun[]): ChartModel {
  const store = createStore<ChartState>(() => ({ metric: null, axis: 'step', cursor: null }));
  // Of the curve with the most steps: all of them together would be sorted anew at every key.
  const steps = (): readonly number[] => {
    const curves = [...(runs()[0]?.curves.series.values() ?? [])];
    const longest = curves.reduce<readonly Point[]>(
      (most, points) => (points.length > most.length ? points : most),
      [],
    );
    return longest.map(({ step }) => step);
  };
  const indexOf = (all: readonly number[]): number => {
    const { cursor } = store.getState();
    if (cursor === null) return all.length - 1;
    const found = all.findIndex((step) => step >= cursor);
    return found < 0 ? all.length - 1 : found;
  };
  const moveBy = (all: readonly number[], by: number): void => {
    const index = Math.max(0, Math.min(all.length - 1, indexOf(all) + by));
    store.setState({ cursor: all[index] ?? null });
  };
  return {
    store,
    cycle: () => {
      const metrics = metricsOf(runs());
      const { metric } = store.getState();
      const next = metric === null ? 0 : metrics.indexOf(metric) + 1;
      store.setState({ metric: metrics[next] ?? null });
    },
    turnAxis: () => store.setState(({ axis }) => ({ axis: axis === 'step' ? 'epoch' : 'step' })),
    move: (by) => moveBy(steps(), by),
    page: (direction) => {
      const all = steps();
      moveBy(all, direction * Math.max(1, Math.round(all.length / PAGES)));
    },
    edge: (end) => {
      const all = steps();
      store.setState({ cursor: (end === 'first' ? all[0] : all.at(-1)) ?? null });
    },
    release: () => {
      if (store.getState().cursor === null) return false;
      store.setState({ cursor: null });
      return true;
    },
  };
}
