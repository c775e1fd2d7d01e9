import type { Scalar, StepStatus } from '../types.ts';

/** `rank=8, k=3`. Pure. */
export const planVariantText = (values: Readonly<Record<string, Scalar>>): string =>
  Object.entries(values)
    .map((one) => one.join('='))
    .join(', ');

/** ` (variants 1, 2)`; '' without a sweep. Pure. */
export const statusOfVariant = ({ variants }: Pick<StepStatus, 'variants'>): string =>
  variants.length === 0 ? '' : ` (variant${variants.length > 1 ? 's' : ''} ${variants.join(', ')})`;
