// Where a key may be used from, as people write it.

/** "192.0.2.7, 10.0.0.0/8" with commas, semicolons, blanks or lines between them. */
export const addressesOf = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== "");
