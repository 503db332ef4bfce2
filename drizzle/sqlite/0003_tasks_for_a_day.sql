CREATE TABLE `deletions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`change_seq` integer NOT NULL,
	`type` text(10) NOT NULL,
	`item_id` integer NOT NULL,
	`project_id` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `deletions_user_changed_idx` ON `deletions` (`user_id`,`change_seq`);--> statement-breakpoint
CREATE INDEX `deletions_created_at_idx` ON `deletions` (`created_at`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`key` text(255) NOT NULL,
	`fingerprint` text(64) NOT NULL,
	`status` integer NOT NULL,
	`location` text(255),
	`etag` text(64),
	`body` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_created_at_idx` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `idempotency_keys_user_key` ON `idempotency_keys` (`user_id`,`key`);--> statement-breakpoint
CREATE TABLE `labels` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`name` text(60) NOT NULL,
	`name_key` text(60) NOT NULL,
	`color` text(7),
	`position` text(64) NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`change_seq` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `labels_user_changed_idx` ON `labels` (`user_id`,`change_seq`);--> statement-breakpoint
CREATE UNIQUE INDEX `labels_user_name_key` ON `labels` (`user_id`,`name_key`);--> statement-breakpoint
CREATE TABLE `projects` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`name` text(120) NOT NULL,
	`color` text(7),
	`position` text(64) NOT NULL,
	`is_inbox` integer DEFAULT false NOT NULL,
	`archived_at` integer,
	`deleted_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`change_seq` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `projects_user_changed_idx` ON `projects` (`user_id`,`change_seq`);--> statement-breakpoint
CREATE TABLE `sweeps` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`kind` text(20) NOT NULL,
	`target_id` integer NOT NULL,
	`other_id` integer,
	`happened_at` integer,
	`after_id` integer DEFAULT 0 NOT NULL,
	`due_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `sweeps_due_at_idx` ON `sweeps` (`due_at`);--> statement-breakpoint
CREATE INDEX `sweeps_user_id_idx` ON `sweeps` (`user_id`,`id`);--> statement-breakpoint
CREATE TABLE `task_labels` (
	`label_id` integer NOT NULL,
	`task_id` integer NOT NULL,
	PRIMARY KEY(`label_id`, `task_id`),
	FOREIGN KEY (`label_id`) REFERENCES `labels`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `task_labels_task_id_idx` ON `task_labels` (`task_id`);--> statement-breakpoint
ALTER TABLE `tasks` ADD `project_id` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `parent_id` integer REFERENCES tasks(id) ON DELETE cascade;--> statement-breakpoint
ALTER TABLE `tasks` ADD `hidden` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `shelf` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `priority_rank` integer DEFAULT 4 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `due_key` text(19) DEFAULT '~' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `due_zone` text(64);--> statement-breakpoint
ALTER TABLE `tasks` ADD `due_at` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `start_key` text(19);--> statement-breakpoint
ALTER TABLE `tasks` ADD `start_zone` text(64);--> statement-breakpoint
ALTER TABLE `tasks` ADD `estimated_minutes` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `position` text(64) DEFAULT 'a0' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `labels` text;--> statement-breakpoint
ALTER TABLE `tasks` ADD `deleted_at` integer;--> statement-breakpoint
UPDATE change_feeds SET seq = seq + 1;--> statement-breakpoint
INSERT INTO projects (user_id, name, position, is_inbox, created_at, updated_at, change_seq) SELECT users.id, 'Inbox', 'a0', 1, users.created_at, users.created_at, change_feeds.seq FROM users JOIN change_feeds ON change_feeds.user_id = users.id;--> statement-breakpoint
UPDATE tasks SET project_id = (SELECT projects.id FROM projects WHERE projects.user_id = tasks.user_id), shelf = CASE status WHEN 'pending' THEN 0 WHEN 'in_progress' THEN 1 WHEN 'completed' THEN 2 ELSE 3 END, position = 'h00000000' || printf('%015d', id) || '1';--> statement-breakpoint
CREATE INDEX `tasks_user_listed_idx` ON `tasks` (`user_id`,`hidden`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_created_idx` ON `tasks` (`user_id`,`shelf`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_due_idx` ON `tasks` (`user_id`,`shelf`,`due_key`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_priority_idx` ON `tasks` (`user_id`,`shelf`,`priority_rank`,`due_key`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_changed_idx` ON `tasks` (`user_id`,`shelf`,`change_seq`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_project_created_idx` ON `tasks` (`project_id`,`shelf`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_project_position_idx` ON `tasks` (`project_id`,`shelf`,`position`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_parent_idx` ON `tasks` (`parent_id`,`shelf`,`id`);--> statement-breakpoint
DROP INDEX `tasks_user_id_idx`;