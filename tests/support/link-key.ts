/** With which judge and API of a test sign and read the links of pages. */
export const linkKey = 'the key of the links of a test, long enough';
