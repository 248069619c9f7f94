import { Button, UnstyledButton } from '@mantine/core';
import {
  IconChartBar,
  IconBell,
  IconChevronDown,
  IconFolder,
  IconDatabase,
  IconHeartbeat,
  IconHistory,
  IconKeyboard,
  IconLayoutGrid,
  IconLivePhoto,
  IconLogout,
  IconMap2,
  IconUpload,
  IconUser,
  IconWebhook,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useLayoutEffect, useState, type ReactNode } from 'react';
import { Link, NavLink, useLocation, useNavigate } from 'react-router';
import { alarmCountQuery } from '../alarms/count.ts';
import { useSession } from '../auth/SessionContext.tsx';
import { anyDeviceQuery } from '../fleet/queries.ts';
import { Fence } from '../shared/Fence.tsx';
import { UploadsProvider, useUploads } from '../upload/UploadsContext.tsx';
import { DropAnywhere } from './DropAnywhere.tsx';
import { isTyping } from './keys.ts';
import { Mark } from './Mark.tsx';
import { screensOf } from './screens.ts';
import classes from './shell.module.css';

const ShortcutList = lazy(() => import('./ShortcutList.tsx'));

/** Asks for the list of keys, wherever it is asked from. */
const LIST_KEYS = 'sluice:keys';

/** The frame around every screen: side bar on wide screens, bottom bar on a phone, uploads beside both. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <UploadsProvider>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <Frame>{children}</Frame>
      <DropAnywhere />
      <Keys />
      <KeyList />
    </UploadsProvider>
  );
}

function Frame({ children }: { children: ReactNode }) {
  const { isOpen } = useUploads();
  const { pathname } = useLocation();
  return (
    <div className={classes.shell} data-beside={isOpen}>
      <SideBar />
      <main id="main" className={classes.main} tabIndex={-1}>
        <Fence at={pathname}>{children}</Fence>
      </main>
      <BottomBar />
    </div>
  );
}

function SideBar() {
  const { person } = useSession();
  return (
    <header className={classes.side}>
      <NavLink to="/" className={classes['brand'] ?? ''} aria-label="Sluice, library">
        <Mark size={26} />
        <span>Sluice</span>
      </NavLink>
      {person?.mayUpload === true && <UploadButton />}
      <nav aria-label="Screens" className={classes.nav}>
        <Screens name="link" size={18} />
      </nav>
      <Account />
    </header>
  );
}

const links = {
  library: { to: '/', label: 'Library', Icon: IconLayoutGrid },
  collections: { to: '/collections', label: 'Collections', Icon: IconFolder },
  live: { to: '/live', label: 'Live', Icon: IconLivePhoto },
  map: { to: '/map', label: 'Map', Icon: IconMap2 },
  alarms: { to: '/alarms', label: 'Alarms', Icon: IconBell },
} as const;

function Screens({ name, size }: { name: 'link' | 'tab'; size: number }) {
  const { config, person } = useSession();
  const { data: seesDevice = false } = useQuery({ ...anyDeviceQuery, enabled: !config.live });
  return screensOf(config.live, seesDevice, person?.mayUpload === true).map((screen) => {
    const { to, label, Icon } = links[screen];
    return (
      <NavLink key={to} to={to} end className={classes[name] ?? ''}>
        <Icon size={size} stroke={1.6} aria-hidden />
        {label}
        {screen === 'alarms' && <AlarmCount />}
      </NavLink>
    );
  });
}

/** Nothing where none is new, or nobody knows. */
function AlarmCount() {
  const { data } = useQuery(alarmCountQuery);
  if (!data || (data.count === 0 && !data.isMore)) return null;
  return (
    <span className={classes.count}>
      {data.count}
      {data.isMore && '+'}
      <span className="visually-hidden"> new</span>
    </span>
  );
}

function UploadButton() {
  const { toggle, isOpen, summary } = useUploads();
  return (
    <Button
      fullWidth
      leftSection={<IconUpload size={17} stroke={1.8} />}
      onClick={toggle}
      aria-expanded={isOpen}
      aria-keyshortcuts="u"
      title="Upload (u)"
    >
      {summary ? `Uploading ${summary.percent} %` : 'Upload'}
    </Button>
  );
}

function Account() {
  const { person } = useSession();
  return (
    <>
      <UnstyledButton className={classes.account} popoverTarget="account-side">
        <span className={classes.initial} aria-hidden>
          {(person?.name ?? '?').slice(0, 1).toUpperCase()}
        </span>
        <span className={classes.name}>
          <span className="visually-hidden">Account of </span>
          {person?.name}
          <small>{role(person)}</small>
        </span>
        <IconChevronDown size={15} aria-hidden />
      </UnstyledButton>
      <AccountPopover id="account-side" />
    </>
  );
}

/** The first for who uploads, the others for admins. */
const LINKS = [
  ['/storage', 'Storage', IconDatabase],
  ['/insight', 'Insight', IconChartBar],
  ['/health', 'Health', IconHeartbeat],
  ['/changes', 'Changes', IconHistory],
  ['/webhooks', 'Webhooks', IconWebhook],
] as const;

/** The browser's own popover: Escape and a click elsewhere close it. */
function AccountPopover({ id }: { id: string }) {
  const { person, manager } = useSession();
  return (
    <div id={id} popover="auto" className={classes.popover}>
      <p>
        Signed in as <strong>{person?.name}</strong>, {role(person)}
      </p>
      {LINKS.slice(0, person?.isAdmin === true ? undefined : person?.mayUpload === true ? 1 : 0).map(
        ([to, name, Picture]) => (
          <Button
            key={to}
            variant="default"
            fullWidth
            component={Link}
            to={to}
            leftSection={<Picture size={16} />}
            onClick={() => document.getElementById(id)?.hidePopover()}
          >
            {name}
          </Button>
        ),
      )}
      <Button
        variant="default"
        fullWidth
        className={classes.keys ?? ''}
        leftSection={<IconKeyboard size={16} />}
        aria-keyshortcuts="?"
        onClick={() => {
          document.getElementById(id)?.hidePopover();
          document.dispatchEvent(new Event(LIST_KEYS));
        }}
      >
        Keyboard shortcuts
      </Button>
      <Button variant="default" fullWidth leftSection={<IconLogout size={16} />} onClick={() => void manager.signOut()}>
        Sign out
      </Button>
    </div>
  );
}

const role = (person: ReturnType<typeof useSession>['person']): string =>
  person?.isAdmin === true ? 'admin' : person?.mayUpload === true ? 'uploader' : 'viewer';

function BottomBar() {
  const { person } = useSession();
  const { toggle, isOpen, summary } = useUploads();
  return (
    <nav className={classes.bottom} aria-label="Screens, bottom">
      <Screens name="tab" size={22} />
      {person?.mayUpload === true && (
        <button type="button" className={classes.tab} onClick={toggle} aria-expanded={isOpen}>
          <IconUpload size={22} stroke={1.6} aria-hidden />
          {summary ? `${summary.percent} %` : 'Upload'}
        </button>
      )}
      <button type="button" className={classes.tab} popoverTarget="account-bottom">
        <IconUser size={22} stroke={1.6} aria-hidden />
        Account
      </button>
      <AccountPopover id="account-bottom" />
    </nav>
  );
}

/** The list of keys, which is loaded when somebody asks for it. */
function KeyList() {
  const [isOpen, setOpen] = useState(false);
  useLayoutEffect(() => {
    const open = () => setOpen(true);
    document.addEventListener(LIST_KEYS, open);
    return () => document.removeEventListener(LIST_KEYS, open);
  }, []);
  return isOpen ? (
    <Suspense>
      <ShortcutList close={() => setOpen(false)} />
    </Suspense>
  ) : null;
}

/** `/` searches, `u` uploads, `?` lists the keys, from every screen, and from when it is there: who sees it may press one. */
function Keys() {
  const { person } = useSession();
  const { toggle } = useUploads();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const mayUpload = person?.mayUpload === true;
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[aria-modal="true"]')) return;
      if (event.key === '/') {
        event.preventDefault();
        // The screen's own where it has one.
        const search = document.querySelector<HTMLInputElement>('#main input[type="search"]');
        if (search) search.focus();
        else void navigate('/', { state: { search: true } });
      } else if (event.key === 'u' && mayUpload) {
        event.preventDefault();
        toggle();
      } else if (event.key === '?') {
        event.preventDefault();
        document.dispatchEvent(new Event(LIST_KEYS));
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [navigate, toggle, mayUpload]);
  useEffect(() => {
    // In braces: browsers have begun to answer a promise here, which is no clean-up.
    window.scrollTo(0, 0);
  }, [pathname]);
  return null;
}
