/** The page for admins: the app has no admin screens yet, so it links to the API documentation. */

import { PageTitle } from "./parts";

interface Props {
  /** The API's origin. */
  origin: string;
  name: string;
  onLogOut: () => void;
}

export function AdminPage({ origin, name, onLogOut }: Props) {
  return (
    <main className="narrow login">
      <p className="brand brand-large">
        <img src="/favicon.svg" alt="" width="36" height="36" /> Parley
      </p>
      <PageTitle title="There are no admin screens yet" />
      <section className="card stack" data-testid="admin-no-page">
        <p>
          You are logged in as <bdi>{name}</bdi>, an admin. For now, admins approve vendors, read reports
          and do everything else through the API. See the{" "}
          <a href={`${origin}/docs`}>API documentation</a>.
        </p>
        <p>To use the app, log in as a customer or vendor.</p>
        <button type="button" className="primary" onClick={onLogOut} data-testid="logout">
          Log out
        </button>
      </section>
    </main>
  );
}
