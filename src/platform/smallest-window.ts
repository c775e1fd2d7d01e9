/** The smallest window that the screens are laid out in. */
export const SMALLEST_WINDOW = { columns: 60, rows: 20 } as const;
