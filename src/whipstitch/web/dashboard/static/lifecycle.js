// Lifecycle: who is new, comes again, comes back and stays away.

import { activityPage } from "./activity_page.js";
import { view } from "./lifecycle_view.js";

activityPage(view);
