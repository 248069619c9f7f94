import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import { Modal } from '@mantine/core';
import { shortcuts } from './shortcuts.ts';
import classes from './shell.module.css';

/** What the keys do, for whoever asks with `?`. */
export default function ShortcutList({ close }: { close: () => void }) {
  return (
    <Modal
      opened
      onClose={close}
      title="Keyboard shortcuts"
      size="xl"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={classes.shortcuts}>
        {shortcuts.map(({ where, list }) => (
          <section key={where} aria-label={where}>
            <h3>{where}</h3>
            <dl>
              {list.map(({ keys, does }) => (
                <div key={does}>
                  <dt>{does}</dt>
                  <dd>
                    {keys.map((one) => (
                      <kbd key={one}>{one}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
