CREATE TABLE `deletions` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`change_seq` bigint NOT NULL,
	`type` varchar(10) NOT NULL,
	`item_id` bigint NOT NULL,
	`project_id` bigint,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `deletions_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`key` varchar(255) character set ascii collate ascii_bin NOT NULL,
	`fingerprint` varchar(64) NOT NULL,
	`status` int NOT NULL,
	`location` varchar(255),
	`etag` varchar(64),
	`body` mediumtext,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `idempotency_keys_id` PRIMARY KEY(`id`),
	CONSTRAINT `idempotency_keys_user_key` UNIQUE(`user_id`,`key`)
);
--> statement-breakpoint
CREATE TABLE `labels` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`name` varchar(60) NOT NULL,
	`name_key` varchar(60) NOT NULL,
	`color` varchar(7),
	`position` varchar(64) character set ascii collate ascii_bin NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	`change_seq` bigint NOT NULL,
	CONSTRAINT `labels_id` PRIMARY KEY(`id`),
	CONSTRAINT `labels_user_name_key` UNIQUE(`user_id`,`name_key`)
);
--> statement-breakpoint
CREATE TABLE `projects` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`name` varchar(120) NOT NULL,
	`color` varchar(7),
	`position` varchar(64) character set ascii collate ascii_bin NOT NULL,
	`is_inbox` boolean NOT NULL DEFAULT false,
	`archived_at` datetime(3),
	`deleted_at` datetime(3),
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	`change_seq` bigint NOT NULL,
	CONSTRAINT `projects_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `sweeps` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`kind` varchar(20) NOT NULL,
	`target_id` bigint NOT NULL,
	`other_id` bigint,
	`happened_at` datetime(3),
	`after_id` bigint NOT NULL DEFAULT 0,
	`due_at` datetime(3) NOT NULL,
	CONSTRAINT `sweeps_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `task_labels` (
	`label_id` bigint NOT NULL,
	`task_id` bigint NOT NULL,
	CONSTRAINT `task_labels_pk` PRIMARY KEY(`label_id`,`task_id`)
);
--> statement-breakpoint
ALTER TABLE `tasks` ADD `project_id` bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `parent_id` bigint;--> statement-breakpoint
ALTER TABLE `tasks` ADD `hidden` int DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `shelf` int DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `priority_rank` int DEFAULT 4 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `due_key` varchar(19) character set ascii collate ascii_bin DEFAULT '~' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `due_zone` varchar(64);--> statement-breakpoint
ALTER TABLE `tasks` ADD `due_at` datetime(3);--> statement-breakpoint
ALTER TABLE `tasks` ADD `start_key` varchar(19) character set ascii collate ascii_bin;--> statement-breakpoint
ALTER TABLE `tasks` ADD `start_zone` varchar(64);--> statement-breakpoint
ALTER TABLE `tasks` ADD `estimated_minutes` int;--> statement-breakpoint
ALTER TABLE `tasks` ADD `position` varchar(64) character set ascii collate ascii_bin DEFAULT 'a0' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `labels` mediumtext;--> statement-breakpoint
ALTER TABLE `tasks` ADD `deleted_at` datetime(3);--> statement-breakpoint
ALTER TABLE `deletions` ADD CONSTRAINT `deletions_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `idempotency_keys` ADD CONSTRAINT `idempotency_keys_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `labels` ADD CONSTRAINT `labels_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `projects` ADD CONSTRAINT `projects_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `sweeps` ADD CONSTRAINT `sweeps_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `task_labels` ADD CONSTRAINT `task_labels_label_fk` FOREIGN KEY (`label_id`) REFERENCES `labels`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `task_labels` ADD CONSTRAINT `task_labels_task_fk` FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX `deletions_user_changed_idx` ON `deletions` (`user_id`,`change_seq`);--> statement-breakpoint
CREATE INDEX `deletions_created_at_idx` ON `deletions` (`created_at`);--> statement-breakpoint
CREATE INDEX `idempotency_keys_created_at_idx` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE INDEX `labels_user_changed_idx` ON `labels` (`user_id`,`change_seq`);--> statement-breakpoint
CREATE INDEX `projects_user_changed_idx` ON `projects` (`user_id`,`change_seq`);--> statement-breakpoint
CREATE INDEX `sweeps_due_at_idx` ON `sweeps` (`due_at`);--> statement-breakpoint
CREATE INDEX `sweeps_user_id_idx` ON `sweeps` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `task_labels_task_id_idx` ON `task_labels` (`task_id`);--> statement-breakpoint
ALTER TABLE `tasks` ADD CONSTRAINT `tasks_parent_fk` FOREIGN KEY (`parent_id`) REFERENCES `tasks`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
UPDATE change_feeds SET seq = seq + 1;--> statement-breakpoint
INSERT INTO projects (user_id, name, position, is_inbox, created_at, updated_at, change_seq) SELECT users.id, 'Inbox', 'a0', true, users.created_at, users.created_at, change_feeds.seq FROM users JOIN change_feeds ON change_feeds.user_id = users.id;--> statement-breakpoint
UPDATE tasks SET project_id = (SELECT projects.id FROM projects WHERE projects.user_id = tasks.user_id), shelf = CASE status WHEN 'pending' THEN 0 WHEN 'in_progress' THEN 1 WHEN 'completed' THEN 2 ELSE 3 END, position = concat('h00000000', lpad(id, 15, '0'), '1');--> statement-breakpoint
CREATE INDEX `tasks_user_listed_idx` ON `tasks` (`user_id`,`hidden`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_created_idx` ON `tasks` (`user_id`,`shelf`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_due_idx` ON `tasks` (`user_id`,`shelf`,`due_key`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_priority_idx` ON `tasks` (`user_id`,`shelf`,`priority_rank`,`due_key`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_user_changed_idx` ON `tasks` (`user_id`,`shelf`,`change_seq`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_project_created_idx` ON `tasks` (`project_id`,`shelf`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_project_position_idx` ON `tasks` (`project_id`,`shelf`,`position`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_parent_idx` ON `tasks` (`parent_id`,`shelf`,`id`);--> statement-breakpoint
DROP INDEX `tasks_user_id_idx` ON `tasks`;