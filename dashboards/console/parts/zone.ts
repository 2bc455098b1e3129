import { createContext, useContext } from 'react';

/** The time zone of the care team whose patients are shown. Before anybody has signed in: the browser's. */
export const Zone = createContext(Intl.DateTimeFormat().resolvedOptions().timeZone);

export const useZone = (): string => useContext(Zone);
