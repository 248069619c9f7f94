import { Button } from '@mantine/core';
import { IconMoodSad } from '@tabler/icons-react';
import { Component, type ReactNode } from 'react';
import { State } from './states.tsx';

interface Props {
  readonly children: ReactNode;
  /** Shown anew when this changes: another screen may well work. */
  readonly at?: string;
}

/** Keeps the fault of one part, or a part that could not be loaded, from taking the whole page with it. */
export class Fence extends Component<Props, { at: string | undefined; isBroken: boolean }> {
  override state = { at: this.props.at, isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  static getDerivedStateFromProps(props: Props, state: { at: string | undefined }) {
    return props.at === state.at ? null : { at: props.at, isBroken: false };
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    return (
      <div role="alert">
        <State
          icon={IconMoodSad}
          title="This part did not work"
          action={
            <Button variant="default" onClick={() => location.reload()}>
              Load the page again
            </Button>
          }
        >
          It may be that the console was renewed meanwhile, or that the connection failed. Uploads go on after loading
          again.
        </State>
      </div>
    );
  }
}
