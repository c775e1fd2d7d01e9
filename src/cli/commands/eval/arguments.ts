import { z } from 'zod';

/** The arguments and options that several commands of evaluations share. */
export const none = z.tuple([]);
export const one = z.tuple([z.string().min(1)]);
export const noOptions = z.object({});
export const whole = z.coerce.number('a whole number').int('a whole number');
export const waitOption = z.object({ wait: z.boolean().default(false) });
export const atOnce = z.union([z.literal('auto'), whole.min(1).max(128)], 'auto, or 1 to 128');
export const points = z.coerce.number('points of 100');
export const RUN = 'its id, or latest';
