import { z } from 'zod';

/** Arguments and options that several dataset commands take. */
export const name = z.tuple([z.string().min(1)]);
export const none = z.tuple([]);
export const whole = z.coerce.number('a whole number').int('a whole number').nonnegative('a whole number');
export const size = z.coerce
  .number('a number of rows, or a share below 1')
  .positive('a number of rows, or a share below 1');
