import type { StartPlan } from './start-plan.ts';

/** All parts together, bytes. Pure. */
export const needBytes = ({ parts }: Pick<StartPlan, 'parts'>): number =>
  parts.reduce((sum, { bytes }) => sum + bytes, 0);
