import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react';
import type { Person } from './claims.ts';
import type { ConsoleConfig, SessionManager } from './session.ts';

const Context = createContext<SessionManager | undefined>(undefined);

export function SessionProvider({ manager, children }: { manager: SessionManager; children: ReactNode }) {
  return <Context value={manager}>{children}</Context>;
}

export function useSession(): {
  person: Person | undefined;
  config: ConsoleConfig;
  /** Why nobody is signed in any more, where somebody was. */
  ended: string | undefined;
  manager: SessionManager;
} {
  const manager = useContext(Context);
  if (!manager) throw new Error('useSession outside SessionProvider');
  const { person, config, ended } = useSyncExternalStore(manager.subscribe, () => manager.session);
  return { person, config, ended, manager };
}

/** The signed-in person; only below the gate that made sure there is one. */
export function usePerson(): Person {
  const { person } = useSession();
  return person ?? { subject: '', name: '', isAdmin: false, mayUpload: false };
}
