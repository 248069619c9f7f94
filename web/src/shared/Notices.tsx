import '@mantine/core/styles/Notification.css';
import '@mantine/notifications/styles.css';
import { Notifications } from '@mantine/notifications';
import classes from './shared.module.css';

export default function Notices() {
  return <Notifications position="bottom-left" className={classes.notices ?? ''} />;
}
