/** Parts of what is known of a machine, in the order of their key. */
export const SECTIONS = ['machine', 'gpus', 'jobs', 'servers'] as const;
export type Section = (typeof SECTIONS)[number];
