/** A vector tells whether its bytes are still those that were stored; rows from before have no checksum. */
export const vectorChecksums = `
ALTER TABLE vec ADD COLUMN crc INTEGER;
`;
